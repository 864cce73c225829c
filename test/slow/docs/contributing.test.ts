/** The instructions in CONTRIBUTING.md: the paths that it names, the hook, the workflow. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { mistakesOf, runSteps } from '../../examples/support/workflow.js';
import { Project } from '../../rig/project.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

it.each(['CONTRIBUTING.md', 'docs/development.md'])(
  '%s names only files, folders and npm scripts that exist',
  (page) => {
    const text = readFileSync(path.join(root, page), 'utf8');
    const named = [
      ...text.matchAll(
        /`((?:src|stages|test|bench|docs|bin|\.github|\.githooks|\.ci)\/[^`\s<>*:]*)`/g,
      ),
    ];
    expect(named.length).toBeGreaterThan(5);
    const missing = named
      .map(([, name = '']) => name)
      .filter((name) => !existsSync(path.join(root, name)));
    expect(missing).toEqual([]);
    const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    const commands = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(commands.filter((name) => !(name in scripts))).toEqual([]);
  },
);

it('the workflow is one that GitHub accepts, and it runs .ci/run', async () => {
  const workflow = readFileSync(path.join(root, '.github/workflows/ci.yml'), 'utf8');
  expect(mistakesOf(workflow)).toEqual([]);
  for (const event_name of ['push', 'pull_request'] as const)
    expect(await runSteps(workflow, { event_name, base_ref: '' })).toEqual([
      { name: '.ci/run', script: '.ci/run' },
    ]);
});

/** A repository with our configuration and one source file, where a commit runs the hook. */
function repository(): (file: string, text: string) => { status: number | null; said: string } {
  const project = new Project();
  onTestFinished(() => project.dispose());
  for (const name of ['.gitignore', 'biome.json', 'package.json', 'tsconfig.json'])
    copyFileSync(path.join(root, name), project.path(name));
  // The client of the page has a separate configuration.
  for (const name of ['tsconfig.json', 'css.d.ts'])
    project.write(
      `src/page/client/${name}`,
      readFileSync(path.join(root, 'src/page/client', name), 'utf8'),
    );
  cpSync(path.join(root, '.githooks'), project.path('.githooks'), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), project.path('node_modules'));
  const git = (...args: string[]) =>
    spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: project.root,
      encoding: 'utf8',
    });
  git('init', '-q');
  git('config', 'core.hooksPath', '.githooks');
  return (file, text) => {
    project.write(file, text);
    git('add', file);
    const { status, stdout, stderr } = git('commit', '-qm', 'Try the hook');
    return { status, said: stdout + stderr };
  };
}

it('the pre-commit hook refuses what Biome or the compiler refuses, and lets the rest pass', () => {
  const commit = repository();
  const unformatted = commit('src/a.ts', 'export const a = "1"\n');
  expect(unformatted.said).toContain('src/a.ts');
  expect(unformatted.status).toBe(1);
  const mistyped = commit('src/a.ts', "export const a: number = '1';\n");
  expect(mistyped.said).toContain("src/a.ts(1,14): error TS2322: Type 'string' is not assignable");
  expect(mistyped.status).not.toBe(0);
  expect(commit('src/a.ts', 'export const a = 1;\n')).toMatchObject({ status: 0 });
  expect(commit('notes.txt', 'No file that Biome knows.\n')).toMatchObject({ status: 0 });
});
