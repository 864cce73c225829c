/** The pages for people who come from other tools: their examples load, their commands exist. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { planOf } from '../pipeline/rig.js';

const docs = fileURLToPath(new URL('../../docs', import.meta.url));

describe.each(['dvc', 'snakemake', 'make'])('docs/coming-from-%s.md', (tool) => {
  const page = readFileSync(join(docs, `coming-from-${tool}.md`), 'utf8');

  it('has examples that load', () => {
    const examples = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, yaml]) => yaml!);
    for (const yaml of examples) expect(planOf(yaml).items.length).toBeGreaterThan(0);
    expect(examples).toHaveLength(tool === 'dvc' ? 0 : 1);
  });

  it('names commands and options that exist', async () => {
    const named = [...page.matchAll(/`pipe ([a-z]+)([^`]*)`|^\$ pipe ([a-z]+)(.*?)(?: {2,}#|$)/gm)];
    expect(named.length).toBeGreaterThan(5);
    for (const [, name = '', rest = '', inBlock, more = ''] of named) {
      const { command } = await COMMANDS[inBlock ?? name]!.load();
      const known = command.options.flatMap((each) => [`--${each.name}`, `-${each.short}`]);
      const options = [...(rest + more).matchAll(/(?<=\s)--?[a-z]+/g)].map(String);
      expect(known).toEqual(expect.arrayContaining(options));
    }
  });
});
