/**
 * examples/ci: GitHub accepts the workflow, and its commands do in clones what docs/guides/ci.md
 * says.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Event, inputsOf, mistakesOf, runSteps } from '../../examples/support/workflow.js';
import { Project } from '../../rig/project.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const workflow = readFileSync(path.join(root, 'examples/ci/github-actions.yml'), 'utf8');

const PACKAGE = { name: 'experiment', version: '1.0.0' };

const FILES = {
  '.gitignore': 'cache\nreports\nnode_modules\n.runtime\n',
  'package.json': JSON.stringify(PACKAGE),
  'package-lock.json': JSON.stringify({
    ...PACKAGE,
    lockfileVersion: 3,
    packages: { '': PACKAGE },
  }),
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

const PUSH: Event = { event_name: 'push', base_ref: '' };
const PULL_REQUEST: Event = { event_name: 'pull_request', base_ref: 'main' };
const MERGED = 'refs/pull/1/merge';

let origin: Project;
/** The folder of the clones, and the replacements for npx and GitHub's machine. */
let machine: Project;

function git(cwd: string, ...args: string[]): void {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@t'];
  execFileSync('git', [...identity, ...args], { cwd, stdio: 'pipe' });
}

/** A bare remote with a main branch, and the merge of a pull request into it; the cache folder as main left it. */
beforeAll(async () => {
  origin = new Project(FILES);
  machine = new Project();
  git(machine.root, 'init', '-q', '--bare', '-b', 'main', 'remote.git');
  await origin.pipe('run');
  git(origin.root, 'init', '-q', '-b', 'main');
  git(origin.root, 'add', '-A');
  git(origin.root, 'commit', '-qm', 'main');
  const cache = inputsOf(workflow, 'actions/cache').path as string;
  cpSync(origin.path(cache), machine.path(`saved/${cache}`), { recursive: true });

  git(origin.root, 'checkout', '-qb', 'change');
  origin.write('pipeline.yaml', FILES['pipeline.yaml'].replace('factor: 2', 'factor: 5'));
  await origin.pipe('run');
  git(origin.root, 'commit', '-qam', 'change');
  git(origin.root, 'checkout', '-q', 'main');
  git(origin.root, 'checkout', '-q', '--detach');
  git(origin.root, 'merge', '-q', '--no-ff', '-m', 'merge', 'change');
  git(origin.root, 'push', '-q', machine.path('remote.git'), 'main', `HEAD:${MERGED}`);

  mkdirSync(machine.path('bin'));
  const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${root}/bin/pipe.cjs" "$@"\n`;
  writeFileSync(machine.path('bin/npx'), npx);
  chmodSync(machine.path('bin/npx'), 0o755);
});

afterAll(() => {
  origin.dispose();
  machine.dispose();
});

/** As actions/checkout and actions/cache leave it. */
function checkout(name: string, event: Event): string {
  git(machine.root, 'clone', '-q', 'remote.git', name);
  const folder = machine.path(name);
  if (event.event_name === 'pull_request') {
    git(folder, 'fetch', '-q', 'origin', MERGED);
    git(folder, 'checkout', '-q', '--detach', 'FETCH_HEAD');
  }
  cpSync(machine.path('saved'), folder, { recursive: true });
  return folder;
}

interface Done {
  readonly name: string;
  readonly code: number | null;
  readonly out: string;
}

/** One step, in the shell that GitHub uses where a step names none. */
function execute(folder: string, name: string, script: string): Done {
  const { CI: _ci, ...inherited } = process.env;
  const { status, stdout, stderr } = spawnSync('bash', ['-e', '-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...inherited,
      PATH: `${machine.path('bin')}:${process.env.PATH}`,
      // Nothing must be installed, so no registry is needed.
      npm_config_offline: 'true',
      npm_config_audit: 'false',
      PIPE_RUNTIME_DIR: machine.path('.runtime'),
      GITHUB_ACTIONS: 'true',
      GITHUB_STEP_SUMMARY: `${folder}.md`,
    },
  });
  return { name, code: status, out: stdout + stderr };
}

/** The whole job: it ends with the first step that fails. */
async function job(folder: string, event: Event): Promise<Done[]> {
  const done: Done[] = [];
  for (const { name, script } of await runSteps(workflow, event)) {
    done.push(execute(folder, name, script));
    if (done.at(-1)?.code !== 0) break;
  }
  return done;
}

const STEPS = ['npm ci', 'lock', 'run', 'committed', 'frozen', 'verify', 'page'];

/** Names and codes, so that a failure shows what was printed. */
function succeeded(done: readonly Done[]): string[] {
  return done.map(({ name, code, out }) => (code === 0 ? name : `${name}: ${code}\n${out}`));
}

function outputOf(done: readonly Done[], step: string): string | undefined {
  return done.find(({ name }) => name === step)?.out;
}

describe('the workflow of examples/ci', () => {
  it('is one that GitHub accepts', () => {
    expect(mistakesOf(workflow)).toEqual([]);
    expect(mistakesOf(workflow.replace('runs-on', 'run-on'))).toContainEqual(
      expect.stringContaining("Unexpected value 'run-on'"),
    );
    expect(inputsOf(workflow, 'actions/checkout')).toEqual({ 'fetch-depth': 0 });
  });

  it('passes for a push with a correct lock, all from the cache', async () => {
    const done = await job(checkout('push', PUSH), PUSH);
    expect(succeeded(done)).toEqual(STEPS);
    expect(outputOf(done, 'run')).toContain('pipe: 0 ran, 2 restored');
    expect(outputOf(done, 'verify')).toContain('pipe: 2 same');
    expect(machine.read('push.md')).toContain('## pipe verify: 2 same');
    const { path: published } = inputsOf(workflow, 'actions/upload-artifact');
    expect(machine.read(`push/${published}`)).toContain('Content-Security-Policy');
  });

  it('passes for a pull request with a correct lock, and shows its changes as Markdown', async () => {
    const done = await job(checkout('change', PULL_REQUEST), PULL_REQUEST);
    expect(succeeded(done)).toEqual([...STEPS, 'changes']);
    expect(outputOf(done, 'run')).toContain('pipe: 1 ran, 1 restored');
    const [, params] = machine.read('change.md').split('### Params');
    expect(machine.read('change.md')).toContain('## pipe verify: 2 same');
    expect(params).toBe(` since origin/main

| name | before | now | change |
| --- | --- | --- | --- |
| factor | 2 | 5 | +3 (+150 %) |
### Metrics since origin/main

| item | name | before | now | change |
| --- | --- | --- | --- | --- |
| score | score | 6 | 15 | +9 (+150 %) |
`);
  });

  it('fails immediately if the lock was forgotten, and so would each later step', async () => {
    const folder = checkout('forgotten', PULL_REQUEST);
    const yaml = FILES['pipeline.yaml'].replace('factor: 2', 'factor: 7');
    writeFileSync(path.join(folder, 'pipeline.yaml'), yaml);
    const done = await job(folder, PULL_REQUEST);
    expect(done.map(({ name, code }) => [name, code])).toEqual([
      ['npm ci', 0],
      ['lock', 3],
    ]);
    expect(done.at(-1)?.out).toMatch(/^score: pipeline.lock has a different definition: command `/);
    const steps = await runSteps(workflow, PULL_REQUEST);
    const codeOf = (step: string) => {
      const script = steps.find(({ name }) => name === step)?.script ?? 'exit 99';
      return execute(folder, step, script).code;
    };
    expect(codeOf('frozen')).toBe(3);
    expect(codeOf('run')).toBe(0);
    expect(codeOf('committed')).toBe(1);
  });
});
