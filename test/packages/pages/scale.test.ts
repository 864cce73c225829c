/** The arithmetic of charts. */

import { extent, linearScale, spreadOut, ticks, tickText } from '@pipe-experiment/pages/scale.js';
import { describe, expect, it } from 'vitest';

describe('ticks', () => {
  it('are round, within the domain, and written with the digits of their step', () => {
    const marks = ticks([0.673, 0.998], 4);
    expect(marks.map((mark) => tickText(mark, marks))).toEqual(['0.7', '0.8', '0.9']);
    const fine = ticks([-0.012, 0.031], 5);
    expect(fine.map((mark) => tickText(mark, fine))).toEqual([
      '−0.01',
      '0.00',
      '0.01',
      '0.02',
      '0.03',
    ]);
    expect(ticks([1, 8], 6)).toEqual([2, 4, 6, 8]);
  });

  it('are one for a domain without width', () => {
    expect(ticks([3, 3], 5)).toEqual([3]);
  });
});

describe('a linear scale', () => {
  it('maps the domain onto the range, upside down as well', () => {
    const scale = linearScale([10, 20], 100, 0);
    expect([10, 15, 20].map(scale)).toEqual([100, 50, 0]);
  });
});

describe('extent', () => {
  it('has room for a single value, and skips what is not finite', () => {
    expect(extent([5])).toEqual([4.75, 5.25]);
    expect(extent([1, Number.NaN, 3], 0)).toEqual([1, 3]);
    expect(extent([])).toEqual([0, 1]);
  });
});

describe('labels', () => {
  it('are moved apart no more than needed, each in its place', () => {
    const moved = spreadOut([50, 10, 12, 90], 10);
    expect(moved[0]).toBe(50);
    expect(moved[3]).toBe(90);
    expect(moved[2]! - moved[1]!).toBeCloseTo(10, 1);
    expect((moved[1]! + moved[2]!) / 2).toBeCloseTo(11, 6);
  });
});
