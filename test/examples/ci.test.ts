/** examples/ci: every command of the workflow, in a clone, as GitHub Actions runs it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Project } from '../rig/project.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Workflow {
  readonly jobs: {
    readonly reproducible: {
      readonly steps: readonly { readonly name?: string; readonly run?: string }[];
    };
  };
}

const workflow: Workflow = parse(
  readFileSync(path.join(root, 'examples/ci/github-actions.yml'), 'utf8'),
);

const FILES = {
  '.gitignore': 'cache\nreports\n.runtime\n.bin\n',
  'data/text.txt': 'one two three\n',
  'pipeline.yaml': `
params: { factor: 2 }
stages:
  count:
    cmd: wc -w < \${deps.text} > \${outs.words}
    deps: { text: data/text.txt }
    outs: { words: cache/out/words }
  score:
    cmd: echo "{\\"score\\":$((\${factor} * $(cat \${deps.words})))}" > \${outs.score}
    deps: { words: cache/out/words }
    metrics: { score: cache/out/score.json }
`,
};

let origin: Project;
let clone: Project;

function git(cwd: string, ...args: string[]): void {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@t'];
  execFileSync('git', [...identity, ...args], { cwd, stdio: 'pipe' });
}

/** A clone of a pull request's branch with `npx` in its PATH and the cache put back. */
beforeAll(async () => {
  origin = new Project(FILES);
  await origin.pipe('run');
  git(origin.root, 'init', '-q', '-b', 'main');
  git(origin.root, 'add', '-A');
  git(origin.root, 'commit', '-qm', 'main');
  git(origin.root, 'checkout', '-qb', 'change');
  origin.write('pipeline.yaml', FILES['pipeline.yaml'].replace('factor: 2', 'factor: 5'));
  await origin.pipe('run');
  git(origin.root, 'commit', '-qam', 'change');

  clone = new Project();
  git(clone.root, 'clone', '-q', '--branch', 'change', origin.root, 'work');
  cpSync(origin.path('cache/v1'), clone.path('work/cache/v1'), { recursive: true });
  mkdirSync(clone.path('.bin'));
  const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${root}/bin/pipe.cjs" "$@"\n`;
  writeFileSync(clone.path('.bin/npx'), npx);
  chmodSync(clone.path('.bin/npx'), 0o755);
});

afterAll(() => {
  origin.dispose();
  clone.dispose();
});

/** One step, in the shell that GitHub uses. */
function step(name: string): { code: number | null; out: string } {
  const script = workflow.jobs.reproducible.steps.find((each) => each.name === name)?.run;
  if (script === undefined) throw new Error(`the workflow has no step "${name}"`);
  const { CI: _ci, ...inherited } = process.env;
  const text = script.replaceAll('${{ github.base_ref }}', 'main');
  const { status, stdout, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', text], {
    cwd: clone.path('work'),
    encoding: 'utf8',
    env: {
      ...inherited,
      PATH: `${clone.path('.bin')}:${process.env.PATH}`,
      PIPE_RUNTIME_DIR: clone.path('.runtime'),
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: clone.path('summary.md'),
    },
  });
  return { code: status, out: stdout + stderr };
}

describe('the workflow of examples/ci', () => {
  it('has no command but those that are tried here', () => {
    const names = workflow.jobs.reproducible.steps.map(({ name, run }) => name ?? run);
    expect(names.filter((name) => name !== undefined)).toEqual([
      'npm ci',
      'lock',
      'run',
      'committed',
      'frozen',
      'verify',
      'changes',
    ]);
  });

  it('passes for a pull request whose lock is true, and shows what it changes', () => {
    expect(step('lock')).toMatchObject({ code: 0 });
    expect(step('run')).toMatchObject({ code: 0, out: expect.stringContaining('2 restored') });
    expect(step('committed')).toMatchObject({ code: 0 });
    expect(step('frozen')).toMatchObject({ code: 0 });
    expect(step('verify')).toMatchObject({ code: 0, out: expect.stringContaining('pipe: 2 same') });
    expect(step('changes')).toMatchObject({ code: 0 });
    const summary = clone.read('summary.md');
    expect(summary).toContain('## pipe verify: 2 same');
    expect(summary).toContain('| factor | 2 | 5 | +3 (+150 %) |');
    expect(summary).toContain('| score | score | 6 | 15 | +9 (+150 %) |');
  });

  it('fails at once when the lock was forgotten', () => {
    const yaml = FILES['pipeline.yaml'].replace('factor: 2', 'factor: 7');
    clone.write('work/pipeline.yaml', yaml);
    expect(step('lock')).toMatchObject({
      code: 3,
      out: expect.stringMatching(/^score: pipeline.lock is of another definition: command `/),
    });
    expect(step('frozen')).toMatchObject({ code: 3 });
    expect(step('run')).toMatchObject({ code: 0 });
    expect(step('committed')).toMatchObject({ code: 1 });
  });
});
