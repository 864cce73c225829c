/** `pipe watch` in one package of a workspace whose stages import another one. */
import { cpSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type Project, type Running, startIn } from '../rig/project.js';
import { project } from '../rig/projects.js';

const watching: Running[] = [];

afterEach(async () => {
  for (const each of watching.splice(0)) {
    each.kill('SIGTERM');
    await each.ended;
  }
});

const word = (text: string) => `export const word: string = '${text}';\n`;

/** A workspace as npm installs it: packages are links in node_modules of its root. */
function workspace(files: Readonly<Record<string, string>> = {}): Project {
  const made = project({
    'package.json': '{ "private": true, "workspaces": ["packages/*"] }',
    'packages/words/package.json':
      '{ "name": "words", "type": "module", "exports": "./src/index.ts" }',
    'packages/words/src/index.ts': "export { word } from './word.js';\n",
    'packages/words/src/word.ts': word('one'),
    'packages/words/README.md': 'words\n',
    'packages/experiment/package.json': '{ "type": "module", "dependencies": { "words": "*" } }',
    'packages/experiment/pipeline.yaml':
      'stages:\n  say: { run: stages/say.ts, outs: { said: said.txt } }\n',
    'packages/experiment/stages/say.ts': `import { writeFileSync } from 'node:fs';
import { word } from 'words';
export default ({ outs }: { outs: { said: string } }) => writeFileSync(outs.said, word);
`,
    ...files,
  });
  mkdirSync(made.path('node_modules'));
  symlinkSync('../packages/words', made.path('node_modules/words'));
  return made;
}

function watch(made: Project, folder = 'packages/experiment'): Running {
  const running = startIn(made.path(folder), made.env, ['watch']);
  watching.push(running);
  return running;
}

/** Resolves when this number of runs ended without an error. */
const runs = (running: Running, count: number) =>
  running.text((out) => (out.match(/^pipe: \d+ ran/gm) ?? []).length >= count);

const said = (made: Project) => made.read('packages/experiment/said.txt');

describe('pipe watch in a workspace', () => {
  it('runs again when a file of a linked package changes, and for no other file there', async () => {
    const made = workspace();
    const running = watch(made);
    await runs(running, 1);
    made.write('packages/words/README.md', 'more\n');
    made.write('packages/words/src/word.ts', word('two'));
    await runs(running, 2);
    expect(said(made)).toBe('two');
    expect(running.told()).toMatch(/^pipe: \.\.\/words\/src\/word\.ts changed$/m);
    renameSync(made.path('packages/words/src/word.ts'), made.path('packages/words/src/old.ts'));
    await running.errorText((text) => text.includes('there is no file "./word.js"'));
    made.write('packages/words/src/word.ts', word('three'));
    await runs(running, 3);
    expect(said(made)).toBe('three');
    expect(running.told()).not.toContain('README');
  });

  it('detects the fix of a linked package that had errors from the start', async () => {
    const made = workspace({ 'packages/words/src/word.ts': 'export const word = ;\n' });
    const running = watch(made);
    await running.errorText((text) => text.includes('../words/src/word.ts:1'));
    made.write('packages/words/src/word.ts', "export { word } from './new.js';\n");
    await running.errorText((text) => text.includes('there is no file "./new.js"'));
    made.write('packages/words/src/new.ts', word('mended'));
    await runs(running, 1);
    expect(said(made)).toBe('mended');
  });

  it('keeps watching a linked package after its folder was replaced', async () => {
    const made = workspace();
    const running = watch(made);
    await runs(running, 1);
    cpSync(made.path('packages/words'), made.path('packages/other'), { recursive: true });
    made.write('packages/other/src/word.ts', word('other'));
    renameSync(made.path('packages/words'), made.path('packages/gone'));
    renameSync(made.path('packages/other'), made.path('packages/words'));
    await runs(running, 2);
    expect(said(made)).toBe('other');
    made.write('packages/words/src/word.ts', word('last'));
    await runs(running, 3);
    expect(said(made)).toBe('last');
  });

  it('uses the real path of a project that is reached through a link', async () => {
    const made = workspace();
    symlinkSync('packages/experiment', made.path('link'));
    const running = watch(made, 'link');
    await runs(running, 1);
    made.write('packages/words/src/word.ts', word('linked'));
    await runs(running, 2);
    expect(said(made)).toBe('linked');
  });
});
