/** The split: exact sizes, no group on both sides, and a message if the request cannot be met. */

import { createRandom } from '@pipe-experiment/data/random.js';
import { describe, expect, test } from 'vitest';
import { type Member, splitByGroup } from '../../../stages/lib/split.js';

/** Groups of the given sizes, members mixed. */
function members(sizes: readonly number[]): Member[] {
  const all = sizes.flatMap((size, group) =>
    Array.from({ length: size }, () => ({ group: `g${group}` })),
  );
  return createRandom(99).shuffle(all);
}

/** Like the people of a collection of portraits: most with one picture, a few with very many. */
const PEOPLE = members(
  Array.from({ length: 400 }, (_, i) => (i === 0 ? 250 : 1 + (i % 7 === 0 ? i % 30 : 0))),
);

function expectApart(images: readonly Member[], split: ReturnType<typeof splitByGroup>): void {
  const groupsOf = (indices: readonly number[]) => new Set(indices.map((i) => images[i]!.group));
  const [train, test] = [groupsOf(split.train), groupsOf(split.test)];
  expect([...train].filter((group) => test.has(group))).toEqual([]);
  expect(split.groups).toEqual({ train: train.size, test: test.size });
  expect(new Set([...split.train, ...split.test]).size).toBe(
    split.train.length + split.test.length,
  );
}

test('has the requested sizes, ascending, for any seed', () => {
  for (let seed = 0; seed < 50; seed++) {
    const split = splitByGroup(PEOPLE, { train: 300, test: 101 }, seed);
    expect([split.train.length, split.test.length]).toEqual([300, 101]);
    expect(split.train).toEqual(split.train.toSorted((a, b) => a - b));
    expect(split.test).toEqual(split.test.toSorted((a, b) => a - b));
    expect(split.notes).toEqual([]);
    expectApart(PEOPLE, split);
  }
});

test('is the same for a seed, and another for another seed', () => {
  const first = splitByGroup(PEOPLE, { train: 300, test: 100 }, 1);
  expect(splitByGroup(PEOPLE, { train: 300, test: 100 }, 1)).toEqual(first);
  expect(splitByGroup(PEOPLE, { train: 300, test: 100 }, 2).test).not.toEqual(first.test);
});

test('every small group is as likely in the test set as any other', () => {
  const images = members(new Array<number>(40).fill(1));
  const counts = new Array<number>(40).fill(0);
  for (let seed = 0; seed < 1000; seed++) {
    for (const index of splitByGroup(images, { train: 10, test: 10 }, seed).test) counts[index]!++;
  }
  for (const count of counts)
    expect(Math.abs(count - 250)).toBeLessThan(5 * Math.sqrt(1000 * 0.1875));
});

test('groups of 100 fill a test set of 200 with two whole groups', () => {
  const images = members(new Array<number>(12).fill(100));
  const split = splitByGroup(images, { train: 1000, test: 200 }, 1);
  expect(split.groups).toEqual({ train: 10, test: 2 });
});

test('cuts the last group if none fits, and uses the rest of it nowhere', () => {
  const images = members([100, 100, 100]);
  const split = splitByGroup(images, { train: 500, test: 150 }, 1);
  expect([split.train.length, split.test.length]).toEqual([100, 150]);
  expectApart(images, split);
});

describe('a set that is too small', () => {
  test('keeps the test size, reduces the train size, and says so', () => {
    const images = Array.from({ length: 26_179 }, (_, index) => ({ group: String(index) }));
    const split = splitByGroup(images, { train: 25_000, test: 2_000 }, 1);
    expect([split.train.length, split.test.length]).toEqual([24_179, 2_000]);
    expect(split.requested).toEqual({ train: 25_000, test: 2_000 });
    expect(split.notes).toEqual([
      'The train set is capped: 25000 train and 2000 test images were asked for, but the set has 26179. ' +
        'All 2000 test images are kept, 24179 are left to train on.',
    ]);
  });

  test('is an error if not even the test set can be filled', () => {
    expect(() => splitByGroup(members([1, 1, 1]), { train: 1, test: 4 }, 1)).toThrow(
      '4 test images are asked for, but only 3 may be in the test set',
    );
  });

  test('is an error if nothing is left to train on', () => {
    expect(() => splitByGroup(members([5, 5]), { train: 1, test: 10 }, 1)).toThrow(
      'nothing is left to train on',
    );
    expect(() => splitByGroup(members([10]), { train: 1, test: 2 }, 1)).toThrow(
      'nothing is left to train on',
    );
  });
});

test('keeps to the sides that the data set itself assigns', () => {
  const images: Member[] = Array.from({ length: 100 }, (_, index) => ({
    group: String(index),
    part: index < 80 ? 'train' : 'test',
  }));
  const split = splitByGroup(images, { train: 90, test: 15 }, 1);
  expect(split.test.every((index) => index >= 80)).toBe(true);
  expect(split.train).toEqual(Array.from({ length: 80 }, (_, index) => index));
  expect(split.notes).toHaveLength(1);
  expect(() => splitByGroup(images, { train: 10, test: 21 }, 1)).toThrow('only 20 may be');
});
