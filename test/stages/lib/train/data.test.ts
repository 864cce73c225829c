import { expect, test } from 'vitest';
import { keepAside } from '../../../../stages/lib/train/data.js';

const groupsOf = (sizes: readonly number[]) =>
  sizes.flatMap((size, group) => Array<string>(size).fill(`g${group}`));

test.each([
  ['groups that fit', [5, 5, 5, 5, 5, 5, 5, 5], 10, 10],
  ['a part of one group where none fits', [40, 50, 60], 20, 20],
  ['at most a quarter', [1, 1, 1, 1, 1, 1, 1, 1], 5, 2],
  ['nothing', [4, 4], 0, 0],
])('keeps the requested number of images aside: %s', (_, sizes, wanted, kept) => {
  const groups = groupsOf(sizes);
  const train = groups.map((_, i) => i);
  for (const seed of [1, 2, 3]) {
    const aside = keepAside(train, groups, wanted, seed);
    expect(aside).toHaveLength(kept);
    expect(new Set(aside).size).toBe(kept);
    const touched = new Set(aside.map((image) => groups[image]));
    // Whole groups, and one more at most: what is left of it is lost to training.
    const lost = train.filter((i) => touched.has(groups[i]!) && !aside.includes(i)).length;
    expect(lost).toBeLessThan(Math.max(...sizes));
  }
});
