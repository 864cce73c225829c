/** What cannot be deleted is told once, and ends no run. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
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
/** For whom rights count: root may write anywhere. */
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

describe('what cannot be deleted', () => {
  it('an out of folders that may not be written is made again, and put back', () => {
    const project = made();
    expect(run(project).status).toBe(0);
    expect(run(project, '--set', 'word=two').stdout).toContain('2 ran');
    expect(project.read('results/a/b/c')).toBe('two\n');
    expect(run(project).stdout).toContain('2 restored');
    expect(project.read('results/a/b/c')).toBe('one\n');
    expect(readdirSync(project.path('cache/tmp'))).toEqual([]);
  });

  it.runIf(isRoot)('files of another user fail the item alone, and are named', () => {
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
    const mounted = spawnSync('mount', [
      '-t',
      'tmpfs',
      '-o',
      'size=1m',
      't',
      project.path('results'),
    ]);
    if (mounted.status !== 0) return context.skip('mount(8) is refused here');
    onTestFinished(() => void spawnSync('umount', ['-l', project.path('results')]));
    return mountedRuns(project);
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
