/** The points of a scatter plot: each one visible, also of many results over few values. */
import { describe, expect, it } from 'vitest';
import { drawingOf, RADIUS, type Spot } from '../../src/page/client/scatter-layout.js';
import type { PageColumn } from '../../src/page/model.js';

const AREA = { left: 50, right: 1050, top: 20, bottom: 320 };
const param = (cells: number[]): PageColumn => ({ name: 'train.lr', kind: 'param', cells });
const metric = (cells: number[]): PageColumn => ({ name: 'loss', kind: 'metric', cells });
const drawn = (x: PageColumn, y: PageColumn) => drawingOf([...x.cells.keys()], x, y, AREA);
const list = (length: number, valueAt: (at: number) => number) =>
  Array.from({ length }, (_, at) => valueAt(at));

/** The least distance of two points. */
function nearest(spots: readonly Spot[]): number {
  return Math.min(
    ...spots.flatMap((a, at) => spots.slice(at + 1).map((b) => Math.hypot(a.x - b.x, a.y - b.y))),
  );
}

function widthOf(spots: readonly Spot[], axis: 'x' | 'y'): number {
  const places = spots.map((spot) => spot[axis]);
  return Math.max(...places) - Math.min(...places);
}

function isInside({ x, y }: Spot): boolean {
  return x >= AREA.left && x <= AREA.right && y >= AREA.top && y <= AREA.bottom;
}

describe('results over a param with few values', () => {
  it('lie side by side where they would cover each other, and keep their height', () => {
    const rates = list(80, (at) => [0.1, 0.01][at % 2] as number);
    const { spots, x, y } = drawn(param(rates), metric(list(80, (at) => (at >> 3) % 5)));
    // Five levels for each rate, with eight results each.
    expect(nearest(spots)).toBeCloseTo(2 * RADIUS, 6);
    expect(spots.every(isInside)).toBe(true);
    for (const [at, spot] of spots.entries()) {
      expect(spot.y).toBe(y.at((at >> 3) % 5));
      const own = x.at(rates[at] as number);
      expect(Math.abs(spot.x - own)).toBeLessThan(Math.abs(spot.x - x.at(0.11 - (rates[at] ?? 0))));
    }
    expect(x.ticks).toEqual([0.01, 0.1]);
  });

  it('show by the width of a pile how many there are, up to 10,000', () => {
    // Each rate has 100 levels: 15 results on each of the upper ones, and 35 on the lower ones.
    const levels = list(10_000, (at) => {
      const place = (at >> 2) % 2500;
      return place < 750 ? 50 + (place % 50) : (place - 750) % 50;
    });
    const rates = list(10_000, (at) => 10 ** -(at % 4));
    const { spots, medians, opacity } = drawn(param(rates), metric(levels));
    expect(new Set(spots.map(({ x, y }) => `${x} ${y}`)).size).toBe(10_000);
    expect(spots.every(isInside)).toBe(true);
    const pile = spots.filter((_, at) => rates[at] === 1);
    const low = pile.filter(({ y }) => y > 200);
    const high = pile.filter(({ y }) => y < 140);
    expect(widthOf(low, 'x') / widthOf(high, 'x')).toBeGreaterThan(2);
    expect(medians).toHaveLength(4);
    expect(medians[0]?.y).toBeGreaterThan(170);
    expect(opacity).toBeGreaterThanOrEqual(0.4);
  });

  it('are a block with an area for their number if both axes are such params', () => {
    const x = list(1000, (at) => (at < 800 ? 1 : 2));
    const { spots, medians } = drawn(param(x), param(list(1000, () => 7)));
    const [many, few] = [spots.slice(0, 800), spots.slice(800)];
    const area = (some: readonly Spot[]) =>
      (widthOf(some, 'x') + 2 * RADIUS) * (widthOf(some, 'y') + 2 * RADIUS);
    expect(area(many) / area(few)).toBeGreaterThan(3.5);
    expect(area(many) / area(few)).toBeLessThan(4.5);
    expect(nearest(few)).toBeCloseTo(2 * RADIUS, 6);
    expect(medians).toEqual([]);
  });

  it('lie above each other if the vertical axis is such a param', () => {
    const losses = list(60, (at) => at % 10);
    const { spots } = drawn(metric(losses), param(list(60, (at) => at % 2)));
    expect(nearest(spots)).toBeCloseTo(2 * RADIUS, 6);
    expect(new Set(spots.map(({ x }) => x)).size).toBe(10);
  });
});

describe('results over a param with many values', () => {
  it('lie at their values', () => {
    const rates = list(40, (at) => (at + 1) / 1000);
    const { spots, x, y, medians } = drawn(param(rates), metric(list(40, (at) => at ** 2)));
    expect(spots.map((spot) => spot.x)).toEqual(rates.map(x.at));
    expect(spots.map((spot) => spot.y)).toEqual(list(40, (at) => y.at(at ** 2)));
    expect([medians, x.ticks.length]).toEqual([[], expect.any(Number)]);
  });

  it('are nothing to draw if there are none', () => {
    expect(drawn(param([]), metric([]))).toMatchObject({ spots: [], medians: [] });
  });
});
