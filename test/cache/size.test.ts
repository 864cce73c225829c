/**
 * The figure that decides when to collect: close to the truth after any accident, without
 * unnecessary walks.
 */
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { filesBelow, TestProject } from './project.js';

const CHAIN = 'c'.repeat(64);

/** Stores another out of this many bytes, as a separate process does. */
async function store(project: TestProject, name: string, bytes: number): Promise<void> {
  const cache = project.open();
  project.write({ [name]: Buffer.alloc(bytes, name) });
  await cache.outs.store(name);
  cache.close();
}

async function isOver(project: TestProject, limit: number): Promise<boolean> {
  const cache = project.open();
  const over = await cache.upkeep.isOver(limit);
  cache.close();
  return over;
}

test('in a new cache it is never measured, but follows what each process stores', async () => {
  const project = new TestProject();
  await store(project, 'a', 1000);
  // Nothing is measured: the figure stays although the objects are gone.
  rmSync(project.at('cache/v1/objects'), { recursive: true });
  expect(await isOver(project, 999)).toBe(true);
  expect(await isOver(project, 1000)).toBe(false);
  await store(project, 'b', 500);
  await store(project, 'c', 1_200_000);
  expect(sizeFile(project)).toMatch(/^=0 \d+\n\+1000\n\+500\n\+1200000\n$/);
  expect(await isOver(project, 1_201_499)).toBe(true);
  expect(await isOver(project, 1_201_500)).toBe(false);
});

test('storing the same content again adds nothing, however large it is', async () => {
  const project = new TestProject();
  for (let time = 0; time < 3; time++) await store(project, 'a', 1_200_000);
  expect(sizeFile(project)).toMatch(/^=0 \d+\n\+1200000\n$/);
});

test('dropped states reduce it', async () => {
  const project = new TestProject();
  const cache = project.open();
  for (const epoch of [1, 2]) {
    const folder = path.join(cache.chains.commitFolder(CHAIN), 'draft');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'state'), Buffer.alloc(10_000, epoch));
    renameSync(folder, path.join(cache.chains.commitFolder(CHAIN), String(epoch)));
    await cache.chains.storeEpoch(CHAIN, epoch, 1);
  }
  const both = await cache.upkeep.isOver(19_999);
  cache.chains.dropStates(CHAIN, [1]);
  cache.close();
  expect([both, await isOver(project, 15_000)]).toEqual([true, false]);
});

test.each([
  ['torn', (text: string) => text.slice(0, -1)],
  ['foreign', () => 'something else\n'],
  ['of long ago', (text: string) => text.replace(/ \d+\n/, ' 19000\n')],
  ['empty', () => ''],
  ['begun by two processes at once', (text: string) => text + text],
])('a figure that is %s is measured again', async (_what, damage) => {
  const project = new TestProject();
  await store(project, 'a', 1000);
  expect(await isOver(project, 999)).toBe(true);
  rmSync(objectOf(project));
  writeFileSync(project.at('cache/v1/size'), damage(sizeFile(project)));
  expect(await isOver(project, 0)).toBe(false);
});

test('if gc could not get below the limit, the next gc waits for a tenth more', async () => {
  const project = new TestProject();
  await store(project, 'a', 1000);
  expect(await isOver(project, 500)).toBe(true);
  const cache = project.open();
  // It was stored just now, so it is kept.
  await cache.upkeep.gc({ roots: { keys: [], chains: [] }, lastRuns: 0, maxSize: 450 });
  cache.close();
  expect(await isOver(project, 500)).toBe(false);
  await store(project, 'b', 49);
  expect(await isOver(project, 500)).toBe(false);
  await store(project, 'c', 1);
  expect(await isOver(project, 500)).toBe(true);
});

test('gc sets it, and keeps the notes that other processes made meanwhile', async () => {
  const project = new TestProject();
  await store(project, 'a', 1000);
  const cache = project.open();
  const collecting = cache.upkeep.gc({ roots: { keys: [], chains: [] }, lastRuns: 0, maxSize: 0 });
  appendFileSync(project.at('cache/v1/size'), '+77\n');
  await collecting;
  cache.close();
  expect(sizeFile(project)).toMatch(/^=1000 \d+ left\n\+77\n$/);
});

test('a long list of changes is replaced by its sum', async () => {
  const project = new TestProject();
  await store(project, 'a', 1000);
  expect(await isOver(project, 2000)).toBe(false);
  appendFileSync(project.at('cache/v1/size'), '+1\n'.repeat(30_000));
  expect(await isOver(project, 30_999)).toBe(true);
  expect(sizeFile(project)).toMatch(/^=0 \d+\n\+31000\n$/);
});

function sizeFile(project: TestProject): string {
  return readFileSync(project.at('cache/v1/size'), 'utf8');
}

function objectOf(project: TestProject): string {
  return filesBelow(project.at('cache/v1/objects'))[0] as string;
}
