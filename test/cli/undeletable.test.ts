/** Files that cannot be deleted cause one message, and do not end a run. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BIN, type Project, surroundings } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

const PIPELINE = `
params: { word: one }
stages:
  read-only:
    cmd: mkdir -p \${outs.o}/a/b; echo \${word} > \${outs.o}/a/b/c; chmod -R a-w \${outs.o}
    outs: { o: results }
  other: { cmd: "echo \${word} > \${outs.o}", outs: { o: cache/out/other } }
`;

const isRoot = process.getuid?.() === 0;
/** A user with limited permissions: root may write anywhere. */
const USER = isRoot ? 65534 : undefined;

function made(): Project {
  const project = projectWithin({ 'pipeline.yaml': PIPELINE, '.runtime/.keep': '' });
  if (USER === undefined) return project;
  for (const each of ['.', 'pipeline.yaml', '.runtime', '.runtime/.keep'])
    chownSync(project.path(each), USER, USER);
  chmodSync(project.path('.runtime'), 0o700);
  return project;
}

function run(project: Project, ...args: string[]) {
  const options = { cwd: project.root, env: surroundings(project.env), encoding: 'utf8' } as const;
  const as = USER === undefined ? {} : { uid: USER, gid: USER };
  return spawnSync(process.execPath, [BIN, 'run', ...args], { ...options, ...as });
}

describe('files that cannot be deleted', () => {
  it('an out with read-only folders is made again, and restored', () => {
    const project = made();
    expect(run(project).status).toBe(0);
    expect(run(project, '--set', 'word=two').stdout).toContain('2 ran');
    expect(project.read('results/a/b/c')).toBe('two\n');
    expect(run(project).stdout).toContain('2 restored');
    expect(project.read('results/a/b/c')).toBe('one\n');
    expect(readdirSync(project.path('cache/tmp'))).toEqual([]);
  });

  it.runIf(isRoot)('files of another user fail only their item, and are named', () => {
    const project = made();
    expect(run(project).status).toBe(0);
    mkdirSync(project.path('results/a/theirs'));
    writeFileSync(project.path('results/a/theirs/file'), 'one\n');
    const { status, stdout } = run(project, '-k', '--set', 'word=two');
    expect(status).toBe(1);
    expect(stdout).toMatch(/read-only: failed: .*results/);
    expect(stdout).toContain('1 ran, 0 restored, 0 fresh, 1 failed');
    expect(project.read('cache/out/other')).toBe('two\n');
  });

  it.runIf(isRoot)('an out that is a mount point is emptied', (context) => {
    const project = projectWithin({ 'pipeline.yaml': PIPELINE });
    mkdirSync(project.path('results'));
    if (!mounts(project, 'results', '-t', 'tmpfs', '-o', 'size=1m', 't'))
      return context.skip('mount(8) is refused here');
    return mountedRuns(project);
  });
});

/** Mounts at a path of the project until the test ends; false if not permitted. */
function mounts(project: Project, where: string, ...how: string[]): boolean {
  onTestFinished(() => unmountAll(project));
  return spawnSync('mount', [...how, project.path(where)]).status === 0;
}

/** Wherever runs moved them. */
function unmountAll({ root }: Project): void {
  const points = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${root}/`));
  for (const point of points.reverse()) spawnSync('umount', ['-l', point]);
}

/** Until the test ends, wherever runs move it; false if not permitted. */
function makesImmutable(project: Project, file: string): boolean {
  onTestFinished(() => void spawnSync('chattr', ['-f', '-R', '-i', project.root]));
  return spawnSync('chattr', ['+i', project.path(file)]).status === 0;
}

/** In an out folder, or in one that contains an out: later runs still work. */
describe.runIf(isRoot)('files that not even root can delete', () => {
  const PLAIN = PIPELINE.replace('; chmod -R a-w ${outs.o}', '');
  const TELLS = /cannot be deleted/g;

  async function withResults(): Promise<Project> {
    const project = projectWithin({ 'pipeline.yaml': PLAIN });
    expect((await project.pipe('run')).code).toBe(0);
    return project;
  }

  /** Reports it once, and never again. */
  async function goesOn(project: Project, told: number): Promise<void> {
    const first = await project.pipe('run', '--set', 'word=two');
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining('2 ran') });
    expect([...(first.out + first.err).matchAll(TELLS)]).toHaveLength(told);
    for (const [more, text] of [
      [[], 'one\n'] as const,
      [['--set', 'word=two'], 'two\n'] as const,
    ]) {
      const { code, out, err } = await project.pipe('run', ...more);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain('2 restored');
      expect(out).not.toMatch(TELLS);
      expect(project.read('results/a/b/c')).toBe(text);
    }
  }

  it('an immutable file in an out folder', async (context) => {
    const project = await withResults();
    if (!makesImmutable(project, 'results/a/b/c'))
      return context.skip('nothing can be made immutable here');
    await goesOn(project, 1);
  });

  it('an immutable out fails only its item, with a hint, until it is deletable', async (context) => {
    const project = await withResults();
    if (!makesImmutable(project, 'cache/out/other'))
      return context.skip('nothing can be made immutable here');
    for (let time = 0; time < 2; time++) {
      const { code, out } = await project.pipe('run', '-k', '--set', `word=${time}`);
      expect(code).toBe(1);
      expect(out).toMatch(
        /other: failed: operation not permitted: .*cache\/out\/other .*chattr -i/,
      );
      expect(out).toContain('1 ran, 0 restored, 0 fresh, 1 failed');
    }
    spawnSync('chattr', ['-i', project.path('cache/out/other')]);
    expect((await project.pipe('run', '--set', 'word=1')).out).toContain(
      '1 ran, 0 restored, 1 fresh',
    );
  });

  it('a file system mounted inside an out folder', async (context) => {
    const project = await withResults();
    mkdirSync(project.path('results/a/new'));
    if (!mounts(project, 'results/a/new', '-t', 'tmpfs', '-o', 'size=1m', 't'))
      return context.skip('mount(8) is refused here');
    project.write('results/a/new/mine', 'a file of the user');
    await goesOn(project, 0);
    const [time] = readdirSync(project.path('cache/replaced'));
    expect(project.read(`cache/replaced/${time}/results/a/new/mine`)).toBe('a file of the user');
  });

  it('a file system mounted inside an out folder stays there, and gets what the stage writes', async (context) => {
    const project = await withResults();
    if (!mounts(project, 'results/a', '-t', 'tmpfs', '-o', 'size=1m', 't'))
      return context.skip('mount(8) is refused here');
    const device = statSync(project.path('results/a')).dev;
    for (const word of ['two', 'three', 'two']) {
      expect((await project.pipe('run', '--set', `word=${word}`)).code).toBe(0);
      expect(statSync(project.path('results/a/b/c')).dev).toBe(device);
      expect(project.read('results/a/b/c')).toBe(`${word}\n`);
    }
    expect((await project.pipe('run', '--set', 'word=two')).out).toContain('2 fresh');
    expect(readdirSync(project.path('cache/tmp'))).toEqual([]);
  });

  it('a part of an out folder, mounted read-only', async (context) => {
    const project = await withResults();
    const part = project.path('results/a');
    if (!mounts(project, 'results/a', '--bind', part))
      return context.skip('mount(8) is refused here');
    expect(spawnSync('mount', ['-o', 'remount,ro,bind', part]).status).toBe(0);
    await goesOn(project, 1);
  });

  it('an out folder mounted read-only fails only its item, until it is unmounted', async (context) => {
    const project = await withResults();
    const out = project.path('results');
    if (!mounts(project, 'results', '--bind', out)) return context.skip('mount(8) is refused here');
    expect(spawnSync('mount', ['-o', 'remount,ro,bind', out]).status).toBe(0);
    for (let time = 0; time < 2; time++) {
      const run = await project.pipe('run', '-k', '--set', `word=${time}`);
      expect(run.code).toBe(1);
      expect(run.out).toMatch(/read-only: failed: .*results\/a\/b\/c cannot be deleted \(EROFS\)/);
      expect(run.out).toContain('1 ran, 0 restored, 0 fresh, 1 failed');
    }
    unmountAll(project);
    expect((await project.pipe('run', '--set', 'word=1')).out).toContain(
      '1 ran, 0 restored, 1 fresh',
    );
  });
});

async function mountedRuns(project: Project): Promise<void> {
  project.write('results/mine', 'a file of the user');
  const first = await project.run();
  expect(first.with('ran')).toEqual(['read-only', 'other']);
  expect(readdirSync(project.path('results'))).toEqual(['a']);
  const [time] = readdirSync(project.path('cache/replaced'));
  expect(project.read(`cache/replaced/${time}/results/mine`)).toBe('a file of the user');
  expect((await project.run('--set', 'word=two')).with('ran')).toEqual(['read-only', 'other']);
  expect((await project.run()).with('restored')).toEqual(['read-only', 'other']);
  expect(project.read('results/a/b/c')).toBe('one\n');
}
