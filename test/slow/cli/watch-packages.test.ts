/** `pipe watch`: trace inputs other than code, such as installed packages and tsconfig.json. */
import { mkdirSync, renameSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import type { Project, Running } from '../../rig/project.js';
import { project } from '../../rig/projects.js';
import { until } from '../../rig/until.js';

const watching: Running[] = [];

afterEach(async () => {
  for (const each of watching.splice(0)) {
    each.kill('SIGTERM');
    await each.ended;
  }
});

const COLORS = 'node_modules/colors/package.json';

function installed(version: string): string {
  return JSON.stringify({ name: 'colors', version, type: 'module', exports: './index.js' });
}

function made(): Project {
  return project({
    'package.json': '{ "type": "module", "imports": { "#size": "./lib/small.ts" } }',
    'tsconfig.json': '{ "compilerOptions": { "paths": { "@name": ["./lib/one.ts"] } } }',
    'pipeline.yaml': `
stages:
  module: { run: stages/say.ts, outs: { said: said.txt } }
  script: { cmd: node scripts/say.mjs, outs: [script.txt] }
`,
    'lib/one.ts': "export const name = 'one';\n",
    'lib/two.ts': "export const name = 'two';\n",
    'lib/small.ts': "export const size = 'small';\n",
    'lib/large.ts': "export const size = 'large';\n",
    'stages/say.ts': `import { writeFileSync } from 'node:fs';
import { size } from '#size';
import { name } from '@name';
import { color } from 'colors';
export default ({ outs }: { outs: { said: string } }) =>
  writeFileSync(outs.said, [name, size, color].join(' '));
`,
    'scripts/say.mjs': `import { writeFileSync } from 'node:fs';
import { color } from 'colors';
writeFileSync('script.txt', color);
`,
    'node_modules/colors/index.js': "export const color = 'red';\n",
    [COLORS]: installed('1.0.0'),
  });
}

async function watch(on: Project): Promise<Running> {
  const running = on.start('watch');
  watching.push(running);
  await runs(running, 1);
  return running;
}

/** Resolves when this number of runs ended without an error. */
const runs = (running: Running, count: number) =>
  running.text((out) => (out.match(/^pipe: \d+ ran/gm) ?? []).length >= count);

/** After any number of runs: they may see a package in several states while it is being installed. */
const says = (on: Project, color: string) =>
  until(() => on.lines('said.txt')[0]?.endsWith(color) === true);

it('runs again for another version of a package, but for no other file of packages', async () => {
  const on = made();
  const running = await watch(on);
  on.write('node_modules/colors/README.md', 'more\n');
  on.write('node_modules/other/package.json', '{ "name": "other", "version": "1.0.0" }');
  on.write('node_modules/colors/index.js', "export const color = 'blue';\n");
  on.write(COLORS, installed('1.0.1'));
  await runs(running, 2);
  expect(running.told()).toMatch(/^pipe: node_modules\/colors\/package\.json changed$/m);
  expect(on.read('said.txt')).toBe('one small blue');
  expect(on.read('script.txt')).toBe('blue');
  expect(running.told()).not.toMatch(/README|other|index\.js/);
});

it('keeps watching a package after its folder was replaced, as package managers do', async () => {
  const on = made();
  await watch(on);
  mkdirSync(on.path('node_modules/.new'));
  on.write('node_modules/.new/package.json', installed('2.0.0'));
  on.write('node_modules/.new/index.js', "export const color = 'green';\n");
  renameSync(on.path('node_modules/colors'), on.path('node_modules/.old'));
  renameSync(on.path('node_modules/.new'), on.path('node_modules/colors'));
  await says(on, 'green');
  on.write('node_modules/colors/index.js', "export const color = 'white';\n");
  on.write(COLORS, installed('2.0.1'));
  await says(on, 'white');
});

it('runs again for tsconfig.json and package.json when imports lead elsewhere', async () => {
  const on = made();
  const running = await watch(on);
  on.write('tsconfig.json', '{ "compilerOptions": { "paths": { "@name": ["./lib/two.ts"] } } }');
  await runs(running, 2);
  expect(on.read('said.txt')).toBe('two small red');
  on.write('package.json', '{ "type": "module", "imports": { "#size": "./lib/large.ts" } }');
  await runs(running, 3);
  expect(on.read('said.txt')).toBe('two large red');
});

it('runs again when a nearer package appears', async () => {
  const on = made();
  await watch(on);
  on.write('stages/node_modules/colors/index.js', "export const color = 'near';\n");
  on.write('stages/node_modules/colors/package.json', installed('3.0.0'));
  await says(on, 'near');
});

it('runs again when a new Python file shadows an import', async () => {
  const on = project({
    'pipeline.yaml': `stages: { t: { cmd: python3 scripts/t.py, outs: [said.txt] } }\n`,
    'scripts/t.py': `import colorsys, shade
open('said.txt', 'w').write(f"{getattr(colorsys, 'NAME', 'installed')} {shade.NAME}")
`,
    'shade.py': "NAME = 'root'\n",
  });
  on.env.PYTHONPATH = on.path('.');
  await watch(on);
  expect(on.read('said.txt')).toBe('installed root');
  on.write('scripts/colorsys.py', "NAME = 'own'\n");
  await until(() => on.lines('said.txt')[0] === 'own root');
  on.write('scripts/shade/__init__.py', "NAME = 'near'\n");
  await until(() => on.lines('said.txt')[0] === 'own near');
});
