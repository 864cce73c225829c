/** What gc removes, in which order, and what it keeps. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Cache } from '../../src/cache/cache.js';
import type { GcOptions } from '../../src/cache/gc/gc.js';
import { filesBelow, recordOf, TestProject } from './project.js';

const NO_ROOTS = { roots: { keys: [], chains: [] }, lastRuns: 0 } as const;
const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const CHAIN = 'c'.repeat(64);

/** A result of this size, as an earlier process recorded it an hour ago. */
async function result(
  project: TestProject,
  key: string,
  bytes: number,
  seconds: number,
  fill = Number.parseInt(key[0] as string, 16),
): Promise<void> {
  const cache = project.open();
  project.write({ [`out/${key[0]}`]: Buffer.alloc(bytes, fill) });
  const { digest, size, files } = await cache.outs.store(`out/${key[0]}`);
  await cache.writeRecord(
    recordOf(key, digest, { item: `make@${key[0]}`, seconds, size, count: files }),
  );
  cache.close();
  age(cache);
}

async function epochs(project: TestProject, count: number, bytes: number): Promise<void> {
  const cache = project.open();
  for (let epoch = 1; epoch <= count; epoch++) {
    const folder = cache.chains.commitFolder(CHAIN);
    mkdirSync(path.join(folder, 'draft'));
    writeFileSync(path.join(folder, 'draft', 'state'), Buffer.alloc(bytes, epoch));
    renameSync(path.join(folder, 'draft'), path.join(folder, String(epoch)));
    await cache.chains.storeEpoch(CHAIN, epoch, 10);
  }
  cache.close();
  age(cache);
}

function age(cache: Cache): void {
  const then = new Date(Date.now() - 3_600_000);
  for (const file of filesBelow(cache.layout.home)) utimesSync(file, then, then);
}

async function gc(project: TestProject, options: Partial<GcOptions> = {}) {
  const cache = project.open();
  try {
    return await cache.upkeep.gc({ ...NO_ROOTS, ...options });
  } finally {
    cache.close();
  }
}

test('within the limit gc removes only what no record refers to', async () => {
  const project = new TestProject();
  await result(project, A, 1000, 1);
  const cache = project.open();
  project.write({ stray: Buffer.alloc(500, 99) });
  await cache.outs.store('stray');
  cache.close();
  age(cache);
  const report = await gc(project);
  expect(report.removed).toEqual([{ kind: 'garbage', bytes: 500, reason: 'nothing refers to it' }]);
  expect([report.bytesBefore, report.bytesAfter]).toEqual([1500, 1000]);
  expect(project.open().hasAll(project.open().readRecord(A)!.outs[0]!.digest)).toBe(true);
});

test('over the limit gc removes the cheapest seconds per byte first, and no more than needed', async () => {
  const project = new TestProject();
  await result(project, A, 1000, 100);
  await result(project, B, 1000, 1);
  const report = await gc(project, { maxSize: 1500 });
  expect(report.removed).toEqual([
    {
      kind: 'result',
      item: 'make@b',
      key: B,
      bytes: 1000,
      seconds: 1,
      reason: 'over the size limit',
    },
  ]);
  expect(project.open().readRecord(B)).toBeUndefined();
  expect(project.open().readRecord(A)).toBeDefined();
});

test('results that the pipeline, a recent run or a running process needs are kept at any limit', async () => {
  const project = new TestProject();
  for (const key of [A, B, CHAIN]) await result(project, key, 1000, 1);
  await epochs(project, 3, 1000);
  const other = project.open();
  other.pin({ keys: [B] });
  other.noteRun({ keys: [CHAIN], chains: [CHAIN] });
  const report = await gc(project, {
    roots: { keys: [A], chains: [{ chain: CHAIN, epoch: 2 }] },
    lastRuns: 1,
    maxSize: 0,
  });
  // In the chain, epoch 2 is requested, 3 is the newest, and 1 is only an intermediate state.
  expect(report.removed.map(({ kind, epoch }) => [kind, epoch])).toEqual([['state', 1]]);
  const cache = project.open();
  for (const key of [A, B, CHAIN])
    expect(cache.hasAll(cache.readRecord(key)!.outs[0]!.digest)).toBe(true);
  expect(cache.chains.readEpochs(CHAIN).map((record) => cache.chains.hasState(record))).toEqual([
    false,
    true,
    true,
  ]);
  other.close();
});

test('the newest state of an unneeded chain is worth all of its epochs', async () => {
  const project = new TestProject();
  await result(project, A, 1100, 5);
  await epochs(project, 3, 1000);
  const report = await gc(project, { maxSize: 1300 });
  expect(report.removed.map(({ kind, epoch, seconds }) => [kind, epoch, seconds])).toEqual([
    ['state', 1, 10],
    ['state', 2, 10],
    ['result', undefined, 5],
  ]);
  const cache = project.open();
  const records = cache.chains.readEpochs(CHAIN);
  expect(records.map((record) => cache.chains.hasState(record))).toEqual([false, false, true]);
});

test('objects shared with a needed result are kept when another result is removed', async () => {
  const project = new TestProject();
  await result(project, A, 1000, 1, 7);
  await result(project, B, 1000, 1, 7);
  const report = await gc(project, { roots: { keys: [A], chains: [] }, maxSize: 0 });
  expect(report.removed).toMatchObject([{ kind: 'result', key: B, bytes: 0 }]);
  const cache = project.open();
  expect(cache.hasAll(cache.readRecord(A)!.outs[0]!.digest)).toBe(true);
});

test('a result that is too old is removed at any limit', async () => {
  const project = new TestProject();
  await result(project, A, 10, 1);
  expect((await gc(project, { maxAge: 7200 })).removed).toEqual([]);
  expect((await gc(project, { maxAge: 1800 })).removed).toMatchObject([
    { key: A, reason: 'too old' },
  ]);
});

test('a dry run of gc reports the same and removes nothing', async () => {
  const project = new TestProject();
  await result(project, A, 1000, 1);
  await epochs(project, 2, 100);
  const before = filesBelow(project.at('cache/v1'));
  const told = await gc(project, { maxSize: 0, dry: true });
  expect(filesBelow(project.at('cache/v1'))).toEqual(before);
  const done = await gc(project, { maxSize: 0 });
  expect(done).toEqual(told);
  expect(done.bytesAfter).toBe(0);
});

test('objects that a running process has stored but not recorded yet are kept', async () => {
  const project = new TestProject();
  await result(project, B, 10, 1);
  const running = project.open();
  project.write({ 'out/a': 'fresh', 'out/b': Buffer.alloc(10, 0xb) });
  const fresh = await running.outs.store('out/a');
  // Stored an hour ago, and about to be referred to by a second record.
  rmSync(recordFile(project, B));
  const reused = await running.outs.store('out/b');
  const report = await gc(project, { maxSize: 0 });
  expect(report.removed).toEqual([]);
  expect([running.hasAll(fresh.digest), running.hasAll(reused.digest)]).toEqual([true, true]);
  running.close();
});

test('a torn record is removed and reported', async () => {
  const project = new TestProject();
  await result(project, A, 10, 1);
  writeFileSync(recordFile(project, A), '{"sum":"');
  utimesSync(recordFile(project, A), 1, 1);
  const report = await gc(project);
  expect(report.removed).toMatchObject([
    { kind: 'damaged', key: A },
    { kind: 'garbage', bytes: 10 },
  ]);
});

test('the next start moves back what a killed gc had just moved', async () => {
  const project = new TestProject();
  await result(project, A, 10, 1);
  const cache = project.open();
  const { digest } = cache.readRecord(A)!.outs[0]!;
  const object = filesBelow(cache.layout.objects)[0] as string;
  const swept = path.join(cache.layout.tmp, deadName(cache), 'swept');
  mkdirSync(swept, { recursive: true });
  renameSync(
    object,
    path.join(swept, path.relative(cache.layout.root, object).replaceAll('/', '~')),
  );
  expect(filesBelow(cache.layout.objects)).toEqual([]);
  cache.sweepTmp();
  expect(filesBelow(cache.layout.objects)).toEqual([object]);
  expect(cache.hasAll(digest)).toBe(true);
});

test('a process that needs an object takes it back from a gc that has just moved it', async () => {
  const project = new TestProject();
  await result(project, A, 100, 1);
  const cache = project.open();
  const [out] = cache.readRecord(A)!.outs;
  const name = out!.digest.slice(2);
  const object = path.join(cache.layout.objects, name.slice(0, 2), name.slice(2));
  const inHand = path.join(cache.layout.tmp, 'another', 'swept');
  mkdirSync(inHand, { recursive: true });
  const away = path.join(inHand, path.relative(cache.layout.root, object).replaceAll('/', '~'));
  renameSync(object, away);
  rmdirSync(path.dirname(object));
  const before = Date.now() - 1_000;
  expect(cache.hasAll(out!.digest, 100)).toBe(true);
  // Gc checks files that it has moved away before it deletes them: a new time makes it keep both.
  expect(statSync(away).mtimeMs).toBeGreaterThan(before);
  expect(statSync(object).ino).toBe(statSync(away).ino);
  rmSync(away);
  rmSync(object);
  expect(cache.hasAll(out!.digest, 100)).toBe(false);
});

test('a folder that an orphan writes to is kept, and deleted once the orphan has ended', async () => {
  const cache = new TestProject().open();
  const dead = path.join(cache.layout.tmp, deadName(cache));
  const folder = path.join(dead, 'executions');
  mkdirSync(folder, { recursive: true });
  // So many files that new ones appear during the removal.
  const script = `const { mkdirSync, writeFileSync } = require('node:fs');
const folder = process.argv[1];
const write = (name) => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(folder + '/' + name, '');
};
for (let i = 0; i < 3000; i++) write(i);
console.log('begun');
for (let i = 3000; ; i++) try { write(i); } catch (error) { if (error.code !== 'ENOENT') throw error; }`;
  const orphan = spawn(process.execPath, ['-e', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(orphan.stdout, 'data');
  for (let start = 0; start < 20; start++) cache.sweepTmp();
  orphan.kill('SIGKILL');
  await once(orphan, 'exit');
  cache.sweepTmp();
  expect(existsSync(dead)).toBe(false);
});

/** A name like those of this process, but of one that has ended. */
function deadName(cache: Cache): string {
  const own = path.basename(path.dirname(cache.tmpFolder('x'))).split('~');
  return [...own.slice(0, 4), 'ended.1'].join('~');
}

function recordFile(project: TestProject, key: string): string {
  return project.at(`cache/v1/records/${key.slice(0, 2)}/${key}.json`);
}

test('a temporarily unreadable record ends gc: it is not garbage', async () => {
  const project = new TestProject();
  await result(project, A, 10, 1);
  const record = recordFile(project, A);
  renameSync(record, `${record}.away`);
  mkdirSync(record);
  await expect(gc(project, { maxSize: 0 })).rejects.toThrow('EISDIR');
  rmdirSync(record);
  renameSync(`${record}.away`, record);
  const cache = project.open();
  expect(cache.hasAll(cache.readRecord(A)!.outs[0]!.digest)).toBe(true);
});

test('runs with the same needs count as one, and only the last few are remembered', () => {
  const project = new TestProject();
  const cache = project.open();
  for (const keys of [[A, B], [B, A], [A]]) cache.noteRun({ keys, chains: [] });
  const notes = () => filesBelow(project.at('cache/v1/projects/here/runs')).length;
  expect(notes()).toBe(2);
  for (let run = 0; run < 30; run++) cache.noteRun({ keys: [String(run)], chains: [] });
  expect(notes()).toBeLessThanOrEqual(10);
});
