/** What `npm ci` builds: the types that the README's stage needs, and a refusal where packages are missing. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'pipe-build-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** What the compiler says of a module in a project that has nothing but `pipe` installed. */
function typeErrors(module: string): string {
  const project = folder();
  mkdirSync(path.join(project, 'node_modules'));
  symlinkSync(root, path.join(project, 'node_modules/pipe'));
  writeFileSync(path.join(project, 'package.json'), '{ "type": "module" }');
  writeFileSync(path.join(project, 'stage.ts'), module);
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--pretty', 'false'];
  return spawnSync(process.execPath, [compiler, ...options, 'stage.ts'], {
    cwd: project,
    encoding: 'utf8',
  }).stdout;
}

it("gives the README's typed stage its types", () => {
  const [, example] = /^```ts\n([\s\S]*?)^```$/m.exec(readme) ?? [];
  expect(example).toContain("from 'pipe/stage'");
  expect(typeErrors(example!)).toBe('');
  const misspelt = example!.replace('/* … */', 'params.image.sise;');
  expect(typeErrors(misspelt)).toContain(
    "Property 'sise' does not exist on type '{ size: number; }'",
  );
});

it('says in one line that packages are missing, as `npm install <folder>` finds a fresh clone', () => {
  const clone = folder();
  copyFileSync(path.join(root, 'build.mjs'), path.join(clone, 'build.mjs'));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['build.mjs'], {
    cwd: clone,
    encoding: 'utf8',
  });
  expect(stderr).toBe(
    'pipe is not built: its packages are not installed; first run `npm ci` in its folder\n',
  );
  expect([status, stdout]).toEqual([1, '']);
});
