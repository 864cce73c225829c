/** Damage of every kind: never restored, never trusted, and reported in plain words. */
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Cache, DamagedObject } from '../../src/cache/cache.js';
import type { RunRecord } from '../../src/cache/records/record.js';
import { filesBelow, KEY, recordOf, TestProject } from './project.js';

const FILES = {
  'out/d/a': 'alpha',
  'out/d/sub/b': 'beta',
  'out/d/sub/c': Buffer.alloc(1_500_000, 3),
};

/** A project with one recorded result. */
async function recorded(): Promise<{ project: TestProject; cache: Cache; record: RunRecord }> {
  const project = new TestProject();
  project.write(FILES);
  const cache = project.open();
  const { digest, size, files } = await cache.outs.store('out/d');
  const record = recordOf(KEY, digest, { size, count: files });
  await cache.writeRecord(record);
  return { project, cache, record };
}

function damage(file: string, change: (bytes: Buffer) => Buffer): void {
  const bytes = change(readFileSync(file));
  chmodSync(file, 0o644);
  writeFileSync(file, bytes);
}

function flip(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}

/** A small generator of numbers, the same in every run. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state;
  }
}

test('an object with a flipped bit or a lost end is never restored, and its item can run again', async () => {
  const { project, record } = await recorded();
  const { digest } = record.outs[0]!;
  const random = numbers(1);
  const objects = filesBelow(project.open().layout.objects);
  expect(objects).toHaveLength(5);
  for (const object of objects) {
    const whole = readFileSync(object);
    for (let round = 0; round < 6; round++) {
      const at = (random.next().value as number) % (whole.length * 8);
      damage(object, (bytes) => (round % 2 === 0 ? flip(bytes, at) : bytes.subarray(0, at >> 3)));
      rmSync(project.at('out'), { recursive: true, force: true });
      const cache = project.open();
      if (cache.hasAll(digest)) {
        await expect(cache.outs.restore({ digest }, 'out/d')).rejects.toThrow(DamagedObject);
        expect(cache.hasAll(digest)).toBe(false);
        expect(project.open().hasAll(digest)).toBe(false);
      }
      // The item runs again, and the cache is intact.
      project.write(FILES);
      cache.forget('out');
      await cache.outs.store('out/d');
      rmSync(project.at('out'), { recursive: true });
      await project.open().outs.restore({ digest }, 'out/d');
      for (const [where, content] of Object.entries(FILES)) {
        expect(readFileSync(project.at(where)).equals(Buffer.from(content))).toBe(true);
      }
    }
  }
});

test('a record truncated anywhere, or with any bit flipped, counts as absent', async () => {
  const { project, cache } = await recorded();
  const file = filesBelow(cache.layout.records)[0] as string;
  const whole = readFileSync(file);
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(file, whole.subarray(0, length));
    expect(project.open().readRecord(KEY)).toBeUndefined();
  }
  for (let bit = 0; bit < whole.length * 8; bit += 7) {
    writeFileSync(file, flip(whole, bit));
    expect(project.open().readRecord(KEY)).toBeUndefined();
  }
  expect(new Set(project.warnings)).toEqual(
    new Set([`the record ${KEY.slice(0, 12)} is damaged: it is ignored`]),
  );
});

test('a record with another key or of another kind counts as absent', async () => {
  const { project, cache } = await recorded();
  const other = 'b'.repeat(64);
  const file = filesBelow(cache.layout.records)[0] as string;
  project.write({ [`cache/v1/records/bb/${other}.json`]: readFileSync(file) });
  expect(cache.readRecord(other)).toBeUndefined();
  expect(project.warnings).toEqual([
    `the content of the record ${other.slice(0, 12)} does not match its name: it is ignored`,
  ]);
});

test('a damaged description of the last run counts as absent', async () => {
  const { project, cache, record } = await recorded();
  cache.state.writeLast('make', record);
  expect(cache.state.readLast('make')?.key).toBe(KEY);
  const file = filesBelow(project.at('cache/v1/projects')).find((each) =>
    each.includes('/items/'),
  ) as string;
  damage(file, (bytes) => flip(bytes, 999));
  expect(project.open().state.readLast('make')).toBeUndefined();
});

test('verify finds damaged and missing objects, and names the items that they affect', async () => {
  const { project, cache } = await recorded();
  expect(await cache.upkeep.verify()).toMatchObject({ objects: 5, damage: [], repaired: false });
  const objects = filesBelow(cache.layout.objects);
  const beta = objects.find((file) => readFileSync(file, 'utf8') === 'beta') as string;
  const alpha = objects.find((file) => readFileSync(file, 'utf8') === 'alpha') as string;
  damage(beta, (bytes) => flip(bytes, 3));
  rmSync(alpha);
  const report = await project.open().upkeep.verify();
  const concerns = [{ item: 'make', key: KEY, out: 'out' }];
  expect(report.damage).toHaveLength(2);
  expect(report.damage).toContainEqual({
    what: 'damaged',
    name: nameOfObject(beta),
    file: beta,
    concerns,
  });
  expect(report.damage).toContainEqual({
    what: 'missing',
    name: nameOfObject(alpha),
    file: alpha,
    concerns,
  });
  expect(project.open().readRecord(KEY)).toBeDefined();
});

test('repair removes damaged objects and the records that depend on them', async () => {
  const { project, cache } = await recorded();
  const beta = filesBelow(cache.layout.objects).find(
    (file) => readFileSync(file, 'utf8') === 'beta',
  ) as string;
  damage(beta, (bytes) => flip(bytes, 3));
  const report = await project.open().upkeep.verify({ repair: true });
  expect(report).toMatchObject({ repaired: true, writable: 1 });
  expect(project.open().readRecord(KEY)).toBeUndefined();
  expect((await project.open().upkeep.verify()).damage).toEqual([]);
  expect(project.warnings).toEqual([]);
});

test('repair removes write permission from an object', async () => {
  const { project, cache, record } = await recorded();
  const object = filesBelow(cache.layout.objects)[0] as string;
  chmodSync(object, 0o644);
  expect(await cache.upkeep.verify({ repair: true })).toMatchObject({ writable: 1, damage: [] });
  expect(statSync(object).mode & 0o222).toBe(0);
  expect(project.open().readRecord(KEY)).toEqual(record);
});

test('worker threads find the same damage in many objects', async () => {
  const project = new TestProject();
  const files = Array.from({ length: 600 }, (_, i) => [`out/d/${i % 9}/${i}`, `content ${i}`]);
  project.write(Object.fromEntries(files));
  const cache = project.open();
  const { digest, size } = await cache.outs.store('out/d');
  await cache.writeRecord(recordOf(KEY, digest, { size, count: files.length }));
  const victim = filesBelow(cache.layout.objects).find(
    (file) => readFileSync(file, 'utf8') === 'content 77',
  ) as string;
  damage(victim, (bytes) => flip(bytes, 1));
  const { damage: found, objects } = await cache.upkeep.verify({ threads: 3 });
  expect(objects).toBe(600 + 10);
  expect(found.map(({ what, file }) => [what, file])).toEqual([['damaged', victim]]);
});

test('stats report usage by item', async () => {
  const { cache } = await recorded();
  const size = 'alpha'.length + 'beta'.length + 1_500_000;
  const stats = await cache.upkeep.stats();
  expect(stats.items).toEqual([
    {
      item: 'make',
      results: 1,
      resultBytes: size,
      epochs: 0,
      states: 0,
      stateBytes: 0,
      seconds: 1,
    },
  ]);
  expect(stats.bytes).toBe(
    filesBelow(cache.layout.objects).reduce((sum, file) => sum + statSync(file).size, 0),
  );
  expect(stats.maxSize).toBeGreaterThanOrEqual(10 * 2 ** 30);
});

function nameOfObject(file: string): string {
  return file.split('/').slice(-2).join('');
}
