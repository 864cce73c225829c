/**
 * What `npm ci` builds: the types that the README's stage needs, and an error if packages are
 * missing.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'pipe-build-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/**
 * The compiler's errors for a module in a project with only `pipe` installed, without Node's types,
 * which a link to this folder would make available.
 */
function typeErrors(module: string): string {
  const project = folder();
  const installed = path.join(project, 'node_modules/pipe-run');
  cpSync(path.join(root, 'dist/types'), path.join(installed, 'dist/types'), { recursive: true });
  copyFileSync(path.join(root, 'package.json'), path.join(installed, 'package.json'));
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
  expect(example).toContain("from 'pipe-run/stage'");
  expect(typeErrors(example!)).toBe('');
  const misspelt = example!.replace('/* … */', 'params.image.sise;');
  expect(typeErrors(misspelt)).toContain(
    "Property 'sise' does not exist on type '{ size: number; }'",
  );
});

it("gives both entry points their types in a project without Node's types, and its declarations are valid", () => {
  const module = `import { type ItemDone, type Plan, type RunRequest, type RunResult, renderDiagnostic, run, UserError } from 'pipe-run';
import { defineStage, type Json } from 'pipe-run/stage';

export async function verdicts(request: RunRequest): Promise<string[]> {
  try {
    const { items, summary, differences }: RunResult = await run({
      ...request,
      signal: new AbortController().signal,
      onEvent: (event) => event.type === 'start' && event.reasons?.length,
    });
    return items.map(({ verdict }: ItemDone) => verdict).slice(summary.ran + differences);
  } catch (error) {
    return error instanceof UserError ? error.diagnostics.map(renderDiagnostic) : [];
  }
}

export const first = (plan: Plan): Json => plan.items[0]?.params ?? null;

export default defineStage(async ({ signal }) => signal.throwIfAborted());
`;
  expect(typeErrors(module)).toBe('');
  expect(typeErrors(module.replace('differences)', 'differnces)'))).not.toBe('');
});

it('reports in one line that packages are missing, as after `npm install <folder>` of a fresh clone', () => {
  const clone = folder();
  for (const script of ['build.mjs', 'build-command.mjs'])
    copyFileSync(path.join(root, script), path.join(clone, script));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['build.mjs'], {
    cwd: clone,
    encoding: 'utf8',
  });
  expect(stderr).toBe(
    'pipe is not built: its packages are not installed; first run `npm ci` in its folder\n',
  );
  expect([status, stdout]).toEqual([1, '']);
});

it('builds a checkout at the first command when npm ran no scripts, and only then', () => {
  const clone = folder();
  for (const part of [
    'bin',
    'src',
    'build.mjs',
    'build-command.mjs',
    'package.json',
    'tsconfig.json',
    'tsconfig.types.json',
  ])
    cpSync(path.join(root, part), path.join(clone, part), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(clone, 'node_modules'));
  const older = path.join(clone, 'dist/types/older.d.ts');
  mkdirSync(path.dirname(older), { recursive: true });
  writeFileSync(older, '');
  const version = () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [path.join(clone, 'bin/pipe.cjs'), '--version'],
      { encoding: 'utf8' },
    );
    return [status, stdout, stderr];
  };
  const [status, stdout, stderr] = version();
  expect(stderr).toBe('pipe: not built yet, since npm ran no scripts: building\n');
  expect(status).toBe(0);
  expect(version()).toEqual([0, stdout, '']);
  // Only the files of this build and V8's code cache are left.
  const filesIn = (folder: string) =>
    readdirSync(path.join(folder, 'dist'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.\w+$/.test(name))
      .sort();
  const made = filesIn(clone).filter((name) => !name.startsWith('.code'));
  expect(made).toEqual(filesIn(root).filter((name) => !name.startsWith('.')));
});
