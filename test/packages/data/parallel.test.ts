/** Work in parallel: bounded, in order, and ended by the first failure. */

import { chunks, mapInParallel } from '@pipe-experiment/data/parallel.js';
import { expect, test } from 'vitest';

/** A promise that the test settles. */
function deferred() {
  let settle: () => void = () => {};
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}

test('gives results in the order of the items, whatever order they finish in', async () => {
  const gates = [deferred(), deferred(), deferred()];
  const done: number[] = [];
  const all = mapInParallel(
    gates,
    async (gate, index) => {
      await gate.promise;
      return index * 10;
    },
    { concurrency: 3, onDone: (count) => done.push(count) },
  );
  for (const gate of gates.toReversed()) gate.settle();
  expect(await all).toEqual([0, 10, 20]);
  expect(done).toEqual([1, 2, 3]);
});

test('never works on more than the limit at once, and uses all of it', async () => {
  let running = 0;
  let most = 0;
  await mapInParallel(
    Array.from({ length: 20 }),
    async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    },
    { concurrency: 4 },
  );
  expect(most).toBe(4);
});

test('throws the first failure and starts nothing more', async () => {
  const started: number[] = [];
  const work = mapInParallel(
    [0, 1, 2, 3, 4, 5],
    async (item) => {
      started.push(item);
      if (item === 1) throw new Error('item 1 failed');
    },
    { concurrency: 2 },
  );
  await expect(work).rejects.toThrow('item 1 failed');
  expect(started.length).toBeLessThan(6);
});

test('stops on request', async () => {
  const controller = new AbortController();
  const work = mapInParallel(
    [0, 1, 2],
    async (item) => {
      if (item === 0) controller.abort(new Error('enough'));
      return item;
    },
    { concurrency: 1, signal: controller.signal },
  );
  await expect(work).rejects.toThrow('enough');
});

test('chunks have the requested length, the last one may be shorter', () => {
  expect([...chunks([1, 2, 3, 4, 5], 2)]).toEqual([[1, 2], [3, 4], [5]]);
  expect([...chunks([], 2)]).toEqual([]);
});
