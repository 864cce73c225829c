/** test/fixtures/mistakes.md: errors of newcomers, and the exact messages. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

const PAGE = fileURLToPath(new URL('../fixtures/mistakes.md', import.meta.url));
const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));

interface Mistake {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  /** Commands with their output. */
  readonly console: string;
}

function mistakes(): Mistake[] {
  const [, ...sections] = readFileSync(PAGE, 'utf8').split(/^## /m);
  return sections.map((section) => {
    const blocks = [...section.matchAll(/^```(\S+) ?(.*)\n([\s\S]*?)^```$/gm)];
    const files: [string, string][] = [];
    let console = '';
    for (const [, kind, name, text = ''] of blocks) {
      if (kind === 'console') console = text;
      else files.push([kind === 'yaml' ? 'pipeline.yaml' : String(name), text]);
    }
    return {
      title: section.slice(0, section.indexOf('\n')),
      files: Object.fromEntries(files),
      console,
    };
  });
}

/** Runs the commands of a block again, and returns their output. */
async function replay(project: Project, { console }: Mistake): Promise<string> {
  let text = '';
  for (const [, line = ''] of console.matchAll(/^\$ pipe (.*)$/gm)) {
    const { code, out, err } = await project.pipe(...line.split(' '));
    text += `$ pipe ${line}\n${withoutChance(project, out + err)}[exit ${code}]\n`;
  }
  return text;
}

/** Removes what depends on the day, the place and the shell. */
function withoutChance({ root }: Project, text: string): string {
  return text
    .replaceAll(root, '/project')
    .replaceAll(DOCS, 'docs/')
    .replace(/^ {2}its last lines:\n(?: {2}\| .*\n)+/gm, '')
    .replace(/^ {2}full log: .*\n/gm, '')
    .replace(/(: ran) in \d+\.\d s$/gm, '$1');
}

describe("a newcomer's error", () => {
  it.each(mistakes())('gives place and hint: $title', async (mistake) => {
    const project = projectWithin(mistake.files);
    expect(await replay(project, mistake)).toBe(mistake.console);
  });
});
