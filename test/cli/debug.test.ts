/** PIPE_DEBUG=1: each decision with its reason and its record. */
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { project as processProject, projectWithin } from '../rig/projects.js';
import { runUntilStill } from '../rig/still.js';

const FILES = {
  'pipeline.yaml': `params: { n: 1 }
stages:
  first: { cmd: 'echo \${n} > \${outs.o}', params: [n], outs: { o: cache/out/first } }
  second: { cmd: 'cat \${deps.first} > \${outs.o}', deps: { first: cache/out/first }, outs: { o: cache/out/second } }
`,
};

/** Debug lines of a command; stdout and exit code are the same as without them. */
async function debugged(project: Project, ...args: string[]): Promise<string> {
  const plain = await project.pipe(...args);
  expect(plain.err).not.toContain('debug');
  const { code, out, err } = await withDebug(project, ...args);
  expect([code, out]).toEqual([plain.code, plain.out]);
  expect(err.replace(plain.err, '')).toMatch(/^(pipe: debug: .+\n)+$/);
  return err;
}

function withDebug(project: Project, ...args: string[]) {
  project.env.PIPE_DEBUG = '1';
  const ended = project.pipe(...args);
  delete project.env.PIPE_DEBUG;
  return ended;
}

/** The record named in the line of an item. */
function recordOf(item: string, text: string): string {
  return new RegExp(`^pipe: debug: ${item}: .*record (\\S+)$`, 'm').exec(text)?.[1] ?? '';
}

it('a run shows why each item runs, and the path of its last record', async () => {
  const project = projectWithin(FILES);
  const first = await withDebug(project, 'run');
  expect(first.err).toMatch(/^pipe: debug: fast path: not taken, no answer is stored for/m);
  expect(first.err).toMatch(
    /^pipe: debug: first: run \(never ran\), key [0-9a-f]{64}, no last record$/m,
  );
  const changed = await withDebug(project, 'run', '--set', 'n=2');
  expect(changed.err).toMatch(/^pipe: debug: first: run \(param n 1 → 2; command .*\), key /m);
  expect(JSON.parse(project.read(recordOf('first', changed.err))).body.manifest.params).toEqual({
    n: 1,
  });
});

it('a fresh and a restored item name the record of their key', async () => {
  const project = projectWithin(FILES);
  await project.pipe('run');
  project.remove('cache/out/second');
  const text = await debugged(project, 'status');
  expect(text).toMatch(/^pipe: debug: first: fresh, record cache\/v1\/records\//m);
  expect(text).toMatch(/^pipe: debug: second: restore \(out cache\/out\/second is missing\), rec/m);
  for (const item of ['first', 'second'])
    expect(existsSync(project.path(recordOf(item, text)))).toBe(true);
});

it.each([['status'], ['why', 'second'], ['run', '--dry'], ['run', '--frozen']])(
  'pipe %s %s shows which decisions are made and which are pending',
  async (...args) => {
    const project = projectWithin(FILES);
    const text = await debugged(project, ...args);
    expect(text).toMatch(/^pipe: debug: first: run \(never ran\), key /m);
    expect(text).toMatch(/^pipe: debug: second: undecided \(not known before first has run\)$/m);
  },
);

it('--frozen=keys shows how each key compares with pipeline.lock', async () => {
  const project = projectWithin(FILES);
  await project.pipe('run');
  const text = await debugged(project, 'run', '--frozen=keys');
  expect(text).toMatch(/^pipe: debug: first: as locked, key [0-9a-f]{64}, pipeline\.lock$/m);
});

it('a secret in a reason is masked', async () => {
  const project = projectWithin({
    'pipeline.yaml': `params: { text: hunter2hunter2 }
stages: { a: { cmd: 'echo \${text}', params: [text], secrets: [TOKEN] } }
`,
  });
  project.env.TOKEN = 'hunter2hunter2';
  await project.pipe('run');
  const { err } = await withDebug(project, 'run', '--dry', '--set', 'text=other');
  expect(err).toMatch(/param text \S+ → "?other/);
  expect(err).not.toContain('hunter2');
});

it('the command reports whether the fast path answers, and which path prevents it', async () => {
  const project = processProject(FILES);
  await project.pipe('run');
  expect(await runUntilStill(project)).toBe(true);
  const text = await debugged(project, 'run');
  const [, kept = ''] =
    /^pipe: debug: fast path: nothing has changed since (\S+) was/.exec(text) ?? [];
  expect(existsSync(kept)).toBe(true);
  expect(text.split('\n')).toHaveLength(2);
  project.write('pipeline.yaml', `${FILES['pipeline.yaml']}# edited\n`);
  const { err } = await withDebug(project, 'run');
  expect(err).toMatch(/^pipe: debug: fast path: not taken, pipeline\.yaml has changed since$/m);
});
