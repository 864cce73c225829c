/** Mean, deviation, quantiles and bootstrap intervals, by hand and by theory. */

import { createRandom } from '@pipe-experiment/data/random.js';
import { describe, expect, it } from 'vitest';
import { pairedBootstrap, quantile, spread } from '../../../stages/lib/statistics.js';

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
  it('is linear between neighbours, as numpy has it', () => {
    expect(quantile([10, 20, 30, 40], 0)).toBe(10);
    expect(quantile([10, 20, 30, 40], 0.5)).toBe(25);
    expect(quantile([10, 20, 30, 40], 0.9)).toBeCloseTo(37, 12);
    expect(quantile([10, 20, 30, 40], 1)).toBe(40);
  });
});

describe('the paired bootstrap', () => {
  const random = () => createRandom(1, 'bootstrap test');
  const normals = Float64Array.from({ length: 400 }, random().normal);

  it('gives about ±1.96 standard errors for normal differences', () => {
    const [interval] = pairedBootstrap([normals], 4000, random().split('draws'));
    const { mean, std } = spread(normals);
    const error = std / Math.sqrt(normals.length);
    expect(interval!.mean).toBe(mean);
    // 4,000 resamples place a 2.5 % quantile to within some 0.06 standard errors: 0.2 is three of those.
    expect(Math.abs((mean - interval!.low) / error - 1.96)).toBeLessThan(0.2);
    expect(Math.abs((interval!.high - mean) / error - 1.96)).toBeLessThan(0.2);
  });

  it('draws the same images for every list', () => {
    const doubled = normals.map((value) => 2 * value);
    const [one, two] = pairedBootstrap([normals, doubled], 100, random());
    expect(two!.low).toBeCloseTo(2 * one!.low, 12);
    expect(two!.high).toBeCloseTo(2 * one!.high, 12);
  });

  it('is the same for the same seed', () => {
    expect(pairedBootstrap([normals], 50, random())).toEqual(
      pairedBootstrap([normals], 50, random()),
    );
  });
});
