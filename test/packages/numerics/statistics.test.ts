/** Mean, deviation, quantiles and bootstrap intervals, by hand and by theory. */

import { createRandom } from '@pipe-experiment/data/random.js';
import { holm, pairedBootstrap, quantile, spread } from '@pipe-experiment/numerics/statistics.js';
import { verdictsOf } from '@pipe-experiment/numerics/verdicts.js';
import { describe, expect, it } from 'vitest';

describe('spread', () => {
  it('is the mean and the deviation with N − 1', () => {
    const { mean, std } = spread([2, 4, 4, 4, 5, 5, 7, 9]);
    expect(mean).toBe(5);
    expect(std).toBeCloseTo(Math.sqrt(32 / 7), 14);
  });

  it('has no deviation for one value, and no meaning for none', () => {
    expect(spread([3])).toEqual({ mean: 3, std: 0 });
    expect(() => spread([])).toThrow(RangeError);
  });
});

describe('quantile', () => {
  it('is linear between neighbours, as in numpy', () => {
    expect(quantile([10, 20, 30, 40], 0)).toBe(10);
    expect(quantile([10, 20, 30, 40], 0.5)).toBe(25);
    expect(quantile([10, 20, 30, 40], 0.9)).toBeCloseTo(37, 12);
    expect(quantile([10, 20, 30, 40], 1)).toBe(40);
  });
});

const times = (resamples: number, effect = 0) => ({ resamples, effect });

describe('the paired bootstrap', () => {
  const random = () => createRandom(1, 'bootstrap test');
  const normals = Float64Array.from({ length: 400 }, random().normal);

  it('gives about ±1.96 standard errors for normal differences', () => {
    const [interval] = pairedBootstrap([normals], times(4000), random().split('draws'));
    const { mean, std } = spread(normals);
    const error = std / Math.sqrt(normals.length);
    expect(interval!.mean).toBe(mean);
    // 4,000 resamples place a 2.5 % quantile to within some 0.06 standard errors: 0.2 is three of those.
    expect(Math.abs((mean - interval!.low) / error - 1.96)).toBeLessThan(0.2);
    expect(Math.abs((interval!.high - mean) / error - 1.96)).toBeLessThan(0.2);
  });

  it('draws the same images for every list', () => {
    const doubled = normals.map((value) => 2 * value);
    const [one, two] = pairedBootstrap([normals, doubled], times(100), random());
    expect(two!.low).toBeCloseTo(2 * one!.low, 12);
    expect(two!.high).toBeCloseTo(2 * one!.high, 12);
  });

  it('is the same for the same seed', () => {
    expect(pairedBootstrap([normals], times(50), random())).toEqual(
      pairedBootstrap([normals], times(50), random()),
    );
  });

  it('draws whole groups if there are some, so that their differences widen the interval', () => {
    // Two scenes: all of the gain is in one of them.
    const groups = Array.from(normals.keys(), (i) => (i < 200 ? 0 : 1));
    const gains = normals.map((value, i) => value * 0.01 + (groups[i] === 0 ? 1 : 0));
    const [alone] = pairedBootstrap([gains], times(2000), random());
    const [grouped] = pairedBootstrap([gains], { ...times(2000), groups }, random());
    expect(alone!.high - alone!.low).toBeLessThan(0.2);
    expect(grouped!.low).toBeLessThan(0.01);
    expect(grouped!.high).toBeGreaterThan(0.99);
    expect(grouped!.mean).toBe(alone!.mean);
  });
});

describe('verdicts', () => {
  const random = () => createRandom(2, 'verdict test');
  const noise = Float64Array.from({ length: 60 }, random().normal);
  const verdictOn = (mean: number, deviation: number, seed = 1) => {
    const gains = noise.map((value) => mean + deviation * value);
    const options = times(10_000, 0.0005);
    return verdictsOf(pairedBootstrap([gains], options, createRandom(seed, 'verdict')))[0];
  };

  it('name a gain only beyond the smallest effect', () => {
    expect(verdictOn(0.002, 0.002)).toBe('up');
    expect(verdictOn(-0.002, 0.002)).toBe('down');
    expect(verdictOn(0.0003, 0.0001)).toBe('level');
    expect(verdictOn(0, 0)).toBe('level');
    expect(verdictOn(0.0008, 0.002)).toBe('undecided');
  });

  it('do not depend on the seed', () => {
    for (let seed = 1; seed <= 20; seed++) {
      expect(verdictOn(0.0015, 0.002, seed)).toBe('up');
      expect(verdictOn(0.0003, 0.0004, seed)).toBe('level');
    }
  });

  it('of many comparisons require more of each (Holm): by hand', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005], 0.05)).toEqual([true, false, false, true]);
    expect(holm([0.01, 0.02, 0.03], 0.05)).toEqual([true, true, true]);
    expect(holm([0.02, 0.02, 0.02], 0.05)).toEqual([false, false, false]);
    expect(holm([], 0.05)).toEqual([]);
  });

  it('find nothing in noise, however many comparisons there are', () => {
    const lists = Array.from({ length: 40 }, (_, at) => {
      const stream = createRandom(at, 'noise');
      return Float64Array.from({ length: 100 }, () => 0.01 * stream.normal());
    });
    const intervals = pairedBootstrap(lists, times(10_000, 0), random());
    expect(intervals.filter(({ low, high }) => low > 0 || high < 0).length).toBeGreaterThan(0);
    expect(verdictsOf(intervals).filter((one) => one !== 'undecided')).toHaveLength(0);
  });
});
