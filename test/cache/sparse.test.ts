/** Holes stay holes, wherever pipe copies a file. */
import {
  closeSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copyTree } from '../../src/cache/files/copy-tree.js';
import { roomOf } from '../../src/cache/files/sparse.js';
import { filesBelow, TestProject, temporaryFolder } from './project.js';

const BLOCK = 4096;
const SIZE = 2 << 20;

/** A sparse file with some data in it, at these places. */
function sparseFile(file: string, size: number, places: readonly number[]): void {
  const handle = openSync(file, 'w');
  ftruncateSync(handle, size);
  for (const place of places) writeSync(handle, 'data', place);
  closeSync(handle);
}

function roomBelow(folder: string): number {
  return filesBelow(folder).reduce((sum, file) => sum + roomOf(lstatSync(file)), 0);
}

const places = fc.array(fc.nat(SIZE - 4), { maxLength: 4 });

test('a sparse file occupies only its data, in the cache and when restored (property)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(SIZE), places, async (size, at) => {
      const project = new TestProject();
      const cache = project.open();
      sparseFile(
        project.at('o'),
        size,
        at.filter((place) => place + 4 <= size),
      );
      const before = readFileSync(project.at('o'));
      const stored = await cache.outs.store('o');
      // Data may lie across the border of two blocks, and the last one may be cut.
      const most = (2 * at.length + 1) * BLOCK;
      expect(roomBelow(project.at('cache/v1/objects'))).toBeLessThanOrEqual(most);
      rmSync(project.at('o'));
      await cache.outs.restore(stored, 'o');
      expect(readFileSync(project.at('o')).equals(before)).toBe(true);
      expect(roomOf(lstatSync(project.at('o')))).toBeLessThanOrEqual(most);
      rmSync(project.at('copy'), { force: true });
      copyTree(project.at('o'), project.at('copy'));
      expect(readFileSync(project.at('copy')).equals(before)).toBe(true);
      expect(roomOf(lstatSync(project.at('copy')))).toBeLessThanOrEqual(most);
      cache.close();
    }),
    { numRuns: 10 },
  );
});

test('the size of the cache counts data, not holes: a sparse file evicts nothing', async () => {
  const project = new TestProject();
  const cache = project.open();
  sparseFile(project.at('o'), 128 << 20, [5000]);
  await cache.outs.store('o');
  expect(await cache.upkeep.isOver(2 * BLOCK)).toBe(false);
  expect((await cache.upkeep.stats()).bytes).toBeLessThanOrEqual(2 * BLOCK);
  cache.close();
});

test('a copied tree keeps modes, times and empty folders', () => {
  const project = new TestProject({ root: temporaryFolder() });
  project.write({ 'd/a': 'a', 'd/empty/': '' });
  copyTree(project.at('d'), project.at('e'));
  for (const name of ['', 'a', 'empty']) {
    const [from, to] = ['d', 'e'].map((top) => lstatSync(path.join(project.at(top), name)));
    expect(to?.mode).toBe(from?.mode);
    // A time is set to the millisecond.
    expect(Math.abs((to?.mtimeMs ?? 0) - (from?.mtimeMs ?? 0))).toBeLessThan(2);
  }
});
