/**
 * Claims on paths: exclusive for writers, shared for readers, all paths at once, in order of
 * arrival.
 */
import { readdirSync, rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acquireClaim, narrow, type Paths, writersOf } from '../../src/process/claims.js';
import { tempFolder } from './support/script.js';

const never = new AbortController().signal;

function claim(folder: string, paths: Partial<Paths>, onWait: () => void = () => {}) {
  const whole = { writes: [], reads: [], ...paths };
  return acquireClaim(folder, whole, { doing: 'test', logs: folder, onWait, signal: never });
}

describe('a path', () => {
  test('that is read can be read by others, and can be written once all readers are done', async () => {
    const folder = tempFolder();
    const first = await claim(folder, { reads: ['out/a'] });
    const second = await claim(folder, { reads: ['out/a'] });
    let waits = 0;
    const writer = claim(folder, { writes: ['out/a'] }, () => {
      waits += 1;
      (waits === 1 ? first : second).release();
    });
    (await writer).release();
    expect(waits).toBe(2);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ['a folder and a path inside it', 'out/a', 'out/a/b'],
    ['a path inside a folder and the folder', 'out/a/b', 'out/a'],
  ])('is claimed with its parents and children: %s', async (_, held, wanted) => {
    const folder = tempFolder();
    const first = await claim(folder, { writes: [held] });
    let waited = false;
    const second = await claim(folder, { reads: [wanted] }, () => {
      waited = true;
      first.release();
    });
    second.release();
    expect(waited).toBe(true);
  });

  test('whose name only starts like another one is independent of it', async () => {
    const folder = tempFolder();
    const first = await claim(folder, { writes: ['out/a'] });
    (await claim(folder, { writes: ['out/ab'] })).release();
    first.release();
  });

  test('names its writer, and not its readers', async () => {
    const folder = tempFolder();
    const reader = await claim(folder, { reads: ['out/a'] });
    expect(writersOf(folder, 'out/a')).toEqual([]);
    reader.release();
    const writer = await claim(folder, { writes: ['out/a'] });
    expect(writersOf(folder, 'out/a')).toMatchObject([{ doing: 'test', pid: process.pid }]);
    narrow(writer, { writes: [], reads: ['out/a'] });
    expect(writersOf(folder, 'out/a')).toEqual([]);
    writer.release();
  });
});

test('a claim whose file was removed is lost', async () => {
  const folder = tempFolder();
  const mine = await claim(folder, { writes: ['out/a'] });
  expect(mine.isHeld()).toBe(true);
  const [ticket = ''] = readdirSync(folder);
  rmSync(`${folder}/${ticket}`);
  expect(mine.isHeld()).toBe(false);
  narrow(mine, { writes: [], reads: [] });
  expect(readdirSync(folder)).toEqual([]);
  mine.release();
});

test('for any claims, writers are exclusive and every claim is granted', async () => {
  const path = fc.constantFrom('a', 'a/x', 'a/y', 'b', 'b/x');
  const wants = fc.record({
    writes: fc.uniqueArray(path, { maxLength: 2 }),
    reads: fc.uniqueArray(path, { maxLength: 3 }),
    turns: fc.integer({ min: 0, max: 5 }),
  });
  const covers = (one: string, other: string) =>
    one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
  await fc.assert(
    fc.asyncProperty(fc.array(wants, { minLength: 2, maxLength: 8 }), async (all) => {
      const folder = tempFolder();
      const inside = new Set<Paths>();
      const use = async (mine: Paths & { turns: number }) => {
        const held = await claim(folder, { writes: mine.writes, reads: mine.reads });
        for (const other of inside) {
          const clash = mine.writes.some((each) =>
            [...other.writes, ...other.reads].some((it) => covers(each, it)),
          );
          const hit = mine.reads.some((each) => other.writes.some((it) => covers(each, it)));
          expect(clash || hit).toBe(false);
        }
        inside.add(mine);
        for (let turn = 0; turn < mine.turns; turn++)
          await new Promise((resolve) => setImmediate(resolve));
        inside.delete(mine);
        held.release();
      };
      await Promise.all(all.map(use));
      expect(readdirSync(folder)).toEqual([]);
    }),
    { numRuns: 15 },
  );
});
