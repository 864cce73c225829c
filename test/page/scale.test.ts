/** Axes of the page's charts: finite places and few ticks, whatever the values are. */
import { expect, it } from 'vitest';
import { scaleOf } from '../../src/page/client/scale.js';

it.each([
  { what: 'equal', values: [3, 3] },
  { what: 'zero', values: [0, 0] },
  { what: 'equal and small', values: [5e-324, 5e-324] },
  { what: 'equal and large', values: [1e17, 1e17] },
  { what: 'equal and negative', values: [-1e17, -1e17] },
  { what: 'different by rounding', values: [0.3, 0.1 + 0.2] },
  { what: 'different by rounding, and large', values: [1e17, 1e17 + 16] },
  { what: 'different by less than any step', values: [-5e-324, 5e-324] },
  { what: 'just not equal', values: [1, 1 + 2e-12] },
  { what: 'of both signs', values: [-2.5, 7] },
])('places values that are $what, with few ticks', ({ values }) => {
  for (const mayBeLog of [false, true]) {
    const { at, least, most, ticks } = scaleOf(values, 0, 100, mayBeLog);
    for (const place of [...values, ...ticks].map(at)) {
      expect(place).toBeGreaterThanOrEqual(-1e-6);
      expect(place).toBeLessThanOrEqual(100 + 1e-6);
    }
    expect(ticks.length).toBeGreaterThan(1);
    expect(ticks.length).toBeLessThan(9);
    expect(least).toBeLessThan(most);
  }
});

it('puts ticks at round numbers', () => {
  expect(scaleOf([-2.5, 7], 0, 100).ticks).toEqual([-2, 0, 2, 4, 6]);
  expect(scaleOf([1, 20_000], 0, 100, true).ticks).toEqual([1, 10, 100, 1000, 10_000]);
});
