/** A metrics file inside an out folder of its stage: every command knows its numbers. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

/** `word` determines the model; `score` comes from a file that is not a dep, to imitate chance. */
const PIPELINE = `
params: { word: one }
stages:
  train:
    cmd: |
      mkdir -p \${outs.model}/eval
      echo \${word} > \${outs.model}/weights
      printf '{ "val": { "score": %s } }' "$(cat "$SCORE")" > \${outs.model}/eval/metrics.json
    outs: { model: cache/out/model }
    metrics: [cache/out/model/eval/metrics.json]
    tolerance: { cache/out/model/eval/metrics.json: { val.score: 0.1 } }
  use:
    cmd: cat \${deps.model}/weights > \${outs.o}
    deps: { model: cache/out/model }
    outs: { o: used.txt }
`;

function made(text = PIPELINE): Project {
  const project = projectWithin({ 'pipeline.yaml': text, score: '0.5' });
  project.env.SCORE = project.path('score');
  return project;
}

it('is shown by pipe metrics, from the workspace, the cache and pipeline.lock', async () => {
  const project = made();
  const metrics = async () => JSON.parse((await project.pipe('metrics', '--json')).out);
  expect((await project.run()).with('ran')).toEqual(['train', 'use']);
  expect(await metrics()).toEqual({ train: { 'val.score': 0.5 } });
  project.remove('cache/out/model');
  expect(await metrics()).toEqual({ train: { 'val.score': 0.5 } });
  project.remove('cache');
  expect(await metrics()).toEqual({ train: { 'val.score': 0.5 } });
  expect((await project.run()).with('ran')).toEqual(['train', 'use']);
});

it('is marked stale when its out belongs to another key', async () => {
  const project = made();
  await project.run();
  const { out } = await project.pipe('metrics', '--json', '--set', 'word=two');
  expect(JSON.parse(out)).toEqual({ train: { 'val.score': 0.5, stale: true } });
});

it('is compared with a revision', async () => {
  const project = made();
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      cwd: project.root,
    });
  await project.run();
  git('init', '-q');
  git('add', 'pipeline.yaml', 'pipeline.lock');
  git('commit', '-qm', 'first');
  project.write('score', '0.75');
  project.write('pipeline.yaml', PIPELINE.replace('word: one', 'word: two'));
  await project.run();
  const { out } = await project.pipe('metrics', 'diff', '--json');
  expect(JSON.parse(out)).toEqual([
    expect.objectContaining({ name: 'val.score', before: 0.5, now: 0.75 }),
  ]);
});

it('is stored once, and restored with its out', async () => {
  const project = made();
  await project.run();
  const lock = project.read('pipeline.lock');
  expect(lock.match(/digest:/g)).toHaveLength(2);
  expect(lock).toContain(
    'metrics:\n      cache/out/model/eval/metrics.json:\n        val.score: 0.5',
  );
  project.remove('cache/out/model');
  expect((await project.run()).with('restored')).toEqual(['train']);
  expect(project.read('cache/out/model/eval/metrics.json')).toContain('0.5');
  expect((await project.pipe('run', '--frozen')).code).toBe(0);
  expect((await project.pipe('cache', 'gc')).code).toBe(0);
  expect((await project.pipe('cache', 'verify')).code).toBe(0);
  expect((await project.run()).with('fresh')).toEqual(['train', 'use']);
});

it('is not part of the key: listing it does not make anything stale', async () => {
  const project = made(PIPELINE.replace(/^ {4}(?:metrics|tolerance):.*\n/gm, ''));
  await project.run();
  project.write('pipeline.yaml', PIPELINE);
  expect((await project.run()).with('fresh')).toEqual(['train', 'use']);
  const { out } = await project.pipe('metrics', '--json');
  expect(JSON.parse(out)).toEqual({ train: { 'val.score': 0.5 } });
});

it('has its own tolerance in verify, separate from the rest of the out', async () => {
  const project = made();
  await project.run();
  project.write('score', '0.55');
  const close = await project.pipe('verify', 'train');
  expect(close.out + close.err).toContain('within tolerance: deviates by at most 0.05');
  expect(close.code).toBe(0);
  project.write('score', '0.7');
  const far = await project.pipe('verify', 'train');
  expect(far.out + far.err).toContain('eval/metrics.json');
  expect(far.code).toBe(3);
});

it('is required, like any out', async () => {
  const project = made(
    PIPELINE.replaceAll('cache/out/model/eval/metrics.json', 'cache/out/model/m.json'),
  );
  const { items, code } = await project.run();
  expect(code).toBe(1);
  expect(items.train?.verdict).toBe('failed');
  expect(JSON.stringify(items.train)).toContain('did not write cache/out/model/m.json');
});
