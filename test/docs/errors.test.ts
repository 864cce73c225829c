/** docs/errors.md: complete and exact. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { mistakesOf, type Variant } from '../pipeline/rig.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');

/** Codes as they are written in the sources. */
function codesIn(folder: string): string[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  const codes = new Set<string>();
  for (const file of files.filter((each) => each.endsWith('.ts'))) {
    const text = readFileSync(join(root, folder, file), 'utf8');
    const written = /(?:\bcode: |\bconst code = |\buserError\(\s*)'([a-z0-9-]+)'/g;
    for (const [, code] of text.matchAll(written)) codes.add(code!);
  }
  return [...codes].sort();
}

interface Example {
  readonly code: string;
  readonly yaml: string;
  readonly variant: Variant;
  readonly text: string;
}

function examples(): Example[] {
  return page
    .split(/^### /m)
    .slice(1)
    .flatMap((section) => {
      const code = section.slice(0, section.indexOf('\n'));
      const blocks = section.matchAll(
        /^(?:```\w+ (\S+\.\w+)\n([^`]*)^```\n\n)?```yaml ?((?:--.*)?)\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)\n```$/gm,
      );
      return [...blocks].map(([, file, content, options, yaml, text]) => ({
        code,
        yaml: yaml!,
        variant: { ...variantOf(options!), ...(file && { files: { [file]: content! } }) },
        text: text!,
      }));
    });
}

function variantOf(options: string): Variant {
  if (options.startsWith('--set ')) return { set: [options.slice('--set '.length)] };
  if (options.startsWith('--profile ')) return { profiles: [options.slice('--profile '.length)] };
  return {};
}

describe('docs/errors.md', () => {
  it('lists exactly the codes of the sources', () => {
    const sections = [...page.matchAll(/^### ([a-z0-9-]+)$/gm)];
    const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \|/gm)];
    const listed = [...sections, ...rows].map(([, code]) => code!);
    expect(listed.sort()).toEqual(codesIn('src'));
  });

  it('has an example for each mistake that pipeline.yaml can contain', () => {
    const outside = ['no-pipeline', 'unreadable', 'not-utf8', 'too-large', 'unknown-target'];
    const shown = new Set(examples().map(({ code }) => code));
    expect([...shown].sort()).toEqual(
      codesIn('src/pipeline').filter((code) => !outside.includes(code)),
    );
  });

  it.each(examples().map((each, index) => ({ ...each, name: `${each.code} ${index}` })))(
    'shows exactly what $name prints',
    ({ code, yaml, variant, text }) => {
      expect(mistakesOf(yaml, variant)).toBe(text);
      expect(text).toContain(`(${code})`);
    },
  );
});
