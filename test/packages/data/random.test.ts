/** Seeded random numbers: the reference generator's values, fairness, and independent streams. */

import { createRandom } from '@pipe-experiment/data/random.js';
import { describe, expect, test } from 'vitest';

describe('the generator', () => {
  test('gives the values of the xoshiro128** reference in C, from state 1, 2, 3, 4', () => {
    const random = createRandom(0);
    random.restore({ words: [1, 2, 3, 4], spare: null });
    // ((next() >> 5) * 2^26 + (next() >> 6)) / 2^53, printed by the authors' algorithm compiled with gcc.
    expect(Array.from({ length: 12 }, () => random.uniform())).toEqual([
      2.6822090148925781e-6, 0.0013799966610139602, 0.47304711029826541, 0.29970869324795935,
      0.86824889474679623, 0.078656952819622816, 0.83281333347471298, 0.90111004734933065,
      0.88587147396382038, 0.83153278894496474, 0.57169220233983453, 0.8120870664464872,
    ]);
  });

  test('is always the same for a seed and labels', () => {
    const random = createRandom(1, 'mask', 3);
    expect([random.uniform(), random.int(1000), random.normal()]).toEqual([
      0.4890169611988294, 174, 1.085144446672822,
    ]);
  });
});

describe('streams', () => {
  test('differ with the seed, each label, their order and their type', () => {
    const firsts = [
      createRandom(1),
      createRandom(2),
      createRandom(1, 'a'),
      createRandom(1, 'b'),
      createRandom(1, 'a', 'b'),
      createRandom(1, 'b', 'a'),
      createRandom(1, 'ab'),
      createRandom('1'),
      createRandom(1, 2),
      createRandom(1, '2'),
    ].map((random) => random.uniform());
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  test('split by label, independently of earlier draws', () => {
    const parent = createRandom(7, 'parent');
    const early = parent.split('child', 1).uniform();
    for (let drawn = 0; drawn < 100; drawn++) parent.normal();
    expect(parent.split('child', 1).uniform()).toBe(early);
    expect(createRandom(7, 'parent', 'child', 1).uniform()).toBe(early);
  });

  test('continue from a state saved as JSON, even in the middle of a pair of normals', () => {
    const random = createRandom(5);
    random.normal();
    const saved = JSON.parse(JSON.stringify(random.state()));
    const expected = [random.normal(), random.uniform(), random.normal(), random.int(9)];
    const other = createRandom(6);
    other.restore(saved);
    expect([other.normal(), other.uniform(), other.normal(), other.int(9)]).toEqual(expected);
  });
});

describe('distributions', () => {
  // Bounds of five standard errors; the seed is fixed, so they always hold or always fail.
  const n = 100_000;

  test('uniform: mean ½, variance 1⁄12, never 1', () => {
    const random = createRandom(11);
    const values = Array.from({ length: n }, () => random.uniform());
    const { mean, variance } = moments(values);
    expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(variance - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / n));
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
  });

  test('normal: mean 0, variance 1, kurtosis 3', () => {
    const random = createRandom(12);
    const values = Array.from({ length: n }, () => random.normal());
    const { mean, variance } = moments(values);
    expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    const fourth = values.reduce((sum, value) => sum + value ** 4, 0) / n;
    expect(Math.abs(fourth - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
  });

  test('int: each value equally often, even if 2³² is not a multiple', () => {
    const random = createRandom(13);
    const counts = new Array<number>(7).fill(0);
    for (let drawn = 0; drawn < n; drawn++) counts[random.int(7)]!++;
    for (const count of counts) {
      expect(Math.abs(count - n / 7)).toBeLessThan(5 * Math.sqrt((n / 7) * (6 / 7)));
    }
    // 3·2³⁰ wraps once: without rejection the lower third would come twice as often.
    let low = 0;
    for (let drawn = 0; drawn < 10_000; drawn++) if (random.int(3 * 2 ** 30) < 2 ** 30) low++;
    expect(Math.abs(low - 10_000 / 3)).toBeLessThan(5 * Math.sqrt(10_000 * (2 / 9)));
  });

  test('int refuses an invalid count', () => {
    const random = createRandom(1);
    for (const n of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1]) {
      expect(() => random.int(n)).toThrow(RangeError);
    }
    expect(random.int(1)).toBe(0);
  });

  test('shuffle: every permutation equally often', () => {
    const random = createRandom(14);
    const counts = new Map<string, number>();
    for (let drawn = 0; drawn < 24_000; drawn++) {
      const key = random.shuffle(['a', 'b', 'c', 'd']).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    for (const count of counts.values()) {
      expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(1000));
    }
  });

  test('shuffle works in place, on typed arrays too', () => {
    const items = Int32Array.from({ length: 50 }, (_, index) => index);
    expect(createRandom(15).shuffle(items)).toBe(items);
    expect(Array.from(items).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, index) => index),
    );
    expect(items[0] === 0 && items[1] === 1 && items[2] === 2).toBe(false);
  });
});

function moments(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, variance };
}
