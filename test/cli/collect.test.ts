/** A run whose cache exceeds its limit collects automatically, and prints one line about it. */
import { readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { disposed } from '../rig/projects.js';
import { ProjectWithin } from '../rig/within.js';

/** Two stages, one of them slow for its size. Each result of `write` has 1,000 bytes. */
const PIPELINE = `
params: { word: base, number: 0 }
stages:
  write:
    cmd: printf "%01000d" "\${number}" > \${outs.text}; echo \${word} >> \${outs.text}; echo ran >> ran.txt
    outs: { text: out.txt }
  watch:
    cmd: while ! test -e go; do sleep 0.01; done; echo done > \${outs.text}
    outs: { text: late.txt }
`;

function project(limit?: string): Project {
  const made = new ProjectWithin({ 'pipeline.yaml': PIPELINE, go: '' });
  if (limit !== undefined) made.env.PIPE_CACHE_MAX_SIZE = limit;
  return disposed(made);
}

/** Backdates objects by hours: gc keeps new ones, since a run may be about to record them. */
function age(made: Project): void {
  const then = Date.now() / 1000 - 3600;
  for (const file of storedFiles(made)) utimesSync(file, then, then);
}

function storedFiles(made: Project): string[] {
  return ['objects', 'records'].flatMap((kind) => {
    const folder = made.path(`cache/v1/${kind}`);
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name));
  });
}

function objectBytes(made: Project): number {
  return storedFiles(made)
    .filter((file) => file.includes('/objects/'))
    .reduce((sum, file) => sum + statSync(file).size, 0);
}

/** Results of other numbers, each unneeded after three more runs. */
async function results(made: Project, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    const { code } = await made.run('write', '--set', `number=${number}`);
    expect(code).toBe(0);
    age(made);
  }
}

it('removes unneeded results above the limit, and says so in one line', async () => {
  const made = project('5000');
  await made.run();
  await results(made, [1, 2, 3]);
  expect(objectBytes(made)).toBeGreaterThan(4000);
  const { out, code } = await made.pipe('run', 'write', '--set', 'number=4');
  expect(code).toBe(0);
  // To nine tenths, so that the next run does not have to collect again.
  expect(out.split('\n').filter((line) => line.startsWith('cache:'))).toEqual([
    'cache: removed 1 result (1.0 KiB), 3.9 KiB left, limit 4.9 KiB',
  ]);
  expect(out.trimEnd().split('\n').at(-1)).toBe('pipe: 1 ran, 0 restored, 0 fresh');
  expect(objectBytes(made)).toBeLessThan(4500);
});

it('never removes what pipeline.yaml without --set, pipeline.lock or the last runs need', async () => {
  const made = project('1');
  await made.run();
  const inLock = made.read('out.txt');
  // Now in pipeline.yaml, but not in the lock: it only ran with --set.
  made.write('pipeline.yaml', PIPELINE.replace('word: base', 'word: other'));
  await made.run('write', '--set', 'number=0');
  const inYaml = made.read('out.txt');
  await results(made, [1, 2, 3]);
  const run = await made.run('write', '--set', 'number=4');
  expect(run.events.filter((event) => event.type === 'collected')).toHaveLength(1);
  const before = made.lines('ran.txt').length;
  for (const number of [2, 3, 4]) {
    expect((await made.run('write', '--set', `number=${number}`)).with('ran')).toEqual([]);
  }
  expect((await made.run('write', '--set', 'number=0')).with('ran')).toEqual([]);
  expect(made.read('out.txt')).toBe(inYaml);
  made.write('pipeline.yaml', PIPELINE);
  expect((await made.run('write', '--set', 'number=0')).with('ran')).toEqual([]);
  expect(made.read('out.txt')).toBe(inLock);
  expect(made.lines('ran.txt')).toHaveLength(before);
  expect((await made.run('write', '--set', 'number=1')).with('ran')).toEqual(['write']);
});

it('first removes what is cheapest to recompute for its size, not what is oldest', async () => {
  const made = project('off');
  const slow = 'if test "${number}" = 1; then sleep 1; fi; echo ran';
  made.write('pipeline.yaml', PIPELINE.replace('echo ran', slow));
  await results(made, [1, 2, 3, 4]);
  made.env.PIPE_CACHE_MAX_SIZE = '5000';
  const run = await made.run('write', '--set', 'number=5');
  expect(run.events.find((event) => event.type === 'collected')).toMatchObject({ results: 1 });
  expect((await made.run('write', '--set', 'number=1')).with('restored')).toEqual(['write']);
  expect((await made.run('write', '--set', 'number=2')).with('ran')).toEqual(['write']);
});

it('keeps what a concurrent run still needs', async () => {
  const made = project('off');
  await made.run('write', '--set', 'number=1');
  await results(made, [2, 3, 4, 5]);
  made.remove('go');
  // It has restored the otherwise unneeded result of number 1, and is executing.
  const beside = made.start('run', '--json', '--set', 'number=1');
  await beside.event((event) => event.type === 'item' && event.item === 'write');
  await beside.event((event) => event.type === 'start' && event.item === 'watch');
  const other = disposed(new ProjectWithin({ 'pipeline.yaml': PIPELINE, go: '' }));
  Object.assign(other.env, { PIPE_CACHE: made.path('cache'), PIPE_CACHE_MAX_SIZE: '1' });
  const run = await other.run('write', '--set', 'number=9');
  expect(run.events.filter((event) => event.type === 'collected')).toHaveLength(1);
  made.write('go', '');
  expect((await beside.ended).code).toBe(0);
  made.remove('out.txt');
  const again = await made.run('--set', 'number=1');
  expect([again.with('restored'), again.with('fresh')]).toEqual([['write'], ['watch']]);
});

it('is disabled by "off", and never happens in a run that stores nothing', async () => {
  const made = project('off');
  await results(made, [1, 2, 3, 4]);
  const size = () => readFileSync(made.path('cache/v1/size'), 'utf8');
  const [bytes, noted] = [objectBytes(made), size()];
  made.env.PIPE_CACHE_MAX_SIZE = '0';
  for (const number of [4, 1, 1]) {
    const run = await made.run('write', '--set', `number=${number}`);
    expect(run.with('ran')).toEqual([]);
    expect(run.events.some((event) => event.type === 'collected')).toBe(false);
  }
  expect([objectBytes(made), size()]).toEqual([bytes, noted]);
});

it('reports the needed size when that alone exceeds the limit', async () => {
  const made = project('1000');
  const { out } = await made.pipe('run');
  expect(out).toMatch(
    /^cache: removed nothing \(0 B\), 1\.0 KiB left, limit 1\.0 KiB: 1\.0 KiB are needed$/m,
  );
});

it('continues with a warning when pipeline.yaml is no longer readable', async () => {
  const made = project('0');
  made.write('pipeline.yaml', PIPELINE.replace('echo ran', 'rm pipeline.yaml; echo ran'));
  const run = await made.run('write');
  expect([run.code, run.with('ran')]).toEqual([0, ['write']]);
  expect(run.events.filter((event) => event.type === 'warning')).toHaveLength(1);
});

it('refuses a limit that is not a size before anything runs', async () => {
  const made = project('much');
  const { code, err } = await made.pipe('run');
  expect(code).toBe(2);
  expect(err).toContain('"much" is not a valid value for PIPE_CACHE_MAX_SIZE (cache-limit)');
  expect(made.lines('ran.txt')).toEqual([]);
});
