/** The classical fills against SciPy, scikit-image and OpenCV, and what each promises. */
import { describe, expect, it } from 'vitest';
import { createHole, type Fill } from '../../../../stages/lib/fill/hole.js';
import { fillNavierStokes } from '../../../../stages/lib/fill/navier-stokes.js';
import { fillMean, fillNone } from '../../../../stages/lib/fill/simple.js';
import { fillBiharmonic, fillBlend, fillHarmonic } from '../../../../stages/lib/fill/smooth.js';
import { fillTelea } from '../../../../stages/lib/fill/telea.js';
import references from '../../../fixtures/fills/fills.json' with { type: 'json' };
import { noise, planeOf, sum } from '../../support/planes.js';

const SIDE = 48;

function scene(): Uint8Array {
  const dust = noise(5, SIDE * SIDE);
  return planeOf(SIDE, SIDE, (x, y) => {
    const disc = (x - 20) ** 2 + (y - 24) ** 2 < 150 ? 50 : 0;
    const stripe = (x + 2 * y) % 13 < 4 ? 30 : 0;
    return 40 + 2 * x + y + disc + stripe + (dust[y * SIDE + x]! % 9);
  }).pixels;
}

type Inside = (x: number, y: number) => boolean;

const box =
  (left: number, top: number, wide: number, high: number): Inside =>
  (x, y) =>
    x >= left && x < left + wide && y >= top && y < top + high;

const either =
  (a: Inside, b: Inside): Inside =>
  (x, y) =>
    a(x, y) || b(x, y);

const dust = noise(11, SIDE * SIDE);

const shapes: Readonly<Record<keyof typeof references.holes, Inside>> = {
  square: box(14, 12, 16, 16),
  'two squares': either(box(8, 8, 12, 12), box(16, 15, 12, 12)),
  'two apart': either(box(6, 6, 9, 9), box(28, 30, 9, 9)),
  ellipse: (x, y) => 4 * (x - 24) ** 2 + 9 * (y - 22) ** 2 < 900,
  corner: box(0, 0, 14, 10),
  border: (x, y) => !box(9, 7, 30, 32)(x, y),
  dust: (x, y) => dust[y * SIDE + x]! % 4 === 0,
};

function holeOf(inside: Inside, side = SIDE) {
  return createHole(planeOf(side, side, (x, y) => (inside(x, y) ? 1 : 0)).pixels, side, side);
}

const fills: Readonly<Record<string, Fill>> = {
  harmonic: fillHarmonic,
  biharmonic: fillBiharmonic,
  telea: fillTelea,
  'navier-stokes': fillNavierStokes,
};

/** Largest and mean absolute difference within the hole. */
function differences(filled: Float64Array, pixels: Int32Array, expected: readonly number[]) {
  const gaps = Array.from(pixels, (pixel, at) => Math.abs(filled[pixel]! - expected[at]!));
  return { largest: Math.max(...gaps), mean: sum(gaps) / gaps.length };
}

describe('the fills equal other implementations', () => {
  const plane = scene();

  it('on the very same pixels', () => {
    expect(sum(plane)).toBe(references.sum);
  });

  for (const [shape, reference] of Object.entries(references.holes)) {
    const hole = holeOf(shapes[shape as keyof typeof shapes]);

    it(`in the very same hole: ${shape}`, () => {
      expect(hole.pixels.length).toBe(reference.pixels);
    });

    for (const [name, expected] of Object.entries(reference.fills)) {
      it(`${name}: ${shape}`, () => {
        const gap = differences(fills[name]!(plane, hole), hole.pixels, expected);
        // Exact solvers agree to rounding. The marching ones are held against OpenCV's float32.
        const exact = name === 'harmonic' || name === 'biharmonic';
        expect(gap.largest).toBeLessThanOrEqual(exact ? 1e-6 : 1);
        expect(gap.mean).toBeLessThanOrEqual(exact ? 1e-6 : 0.02);
      });
    }
  }
});

describe('every fill', () => {
  const plane = scene();
  const all = { none: fillNone, mean: fillMean, blend: fillBlend, ...fills };

  for (const [name, fill] of Object.entries(all)) {
    it(`${name} keeps the known pixels and never looks at what is occluded`, () => {
      const hole = holeOf(shapes['two squares']);
      const filled = fill(plane, hole);
      const blackened = plane.map((value, at) => (hole.mask[at] ? 0 : value));
      expect(fill(blackened, hole)).toEqual(filled);
      for (let i = 0; i < plane.length; i++) if (!hole.mask[i]) expect(filled[i]).toBe(plane[i]);
    });

    if (name !== 'none') {
      it(`${name} fills a hole in an even image evenly, up to the very corner`, () => {
        const even = new Uint8Array(SIDE * SIDE).fill(90);
        const filled = fill(even, holeOf(shapes.corner));
        for (const value of filled) expect(value).toBeCloseTo(90, 6);
      });
    }

    it(`${name} gives finite values where nothing is known, and where nothing is occluded`, () => {
      for (const value of fill(
        plane,
        holeOf(() => true),
      ))
        expect(value).toBeGreaterThanOrEqual(0);
      expect(
        fill(
          plane,
          holeOf(() => false),
        ),
      ).toEqual(Float64Array.from(plane));
    });
  }

  it('mean: the mean of the known pixels', () => {
    const hole = holeOf((x) => x >= 1, 2);
    expect(fillMean(Uint8Array.of(10, 99, 20, 99), hole)).toEqual(Float64Array.of(10, 15, 20, 15));
  });

  it('blend: halfway between harmonic and biharmonic', () => {
    const hole = holeOf(shapes.ellipse);
    const [one, other] = [fillHarmonic(plane, hole), fillBiharmonic(plane, hole)];
    expect(fillBlend(plane, hole)).toEqual(one.map((value, i) => (value + other[i]!) / 2));
  });

  it('harmonic: continues a ramp exactly, and never leaves the range of the rim', () => {
    const ramp = planeOf(SIDE, SIDE, (x, y) => 2 * x + 3 * y).pixels;
    const hole = holeOf(shapes.ellipse);
    const filled = fillHarmonic(ramp, hole);
    for (const pixel of hole.pixels) expect(filled[pixel]).toBeCloseTo(ramp[pixel]!, 8);
  });

  it('biharmonic: continues a parabola exactly, which harmonic cannot', () => {
    const parabola = planeOf(16, 16, (x) => x * x).pixels;
    const hole = holeOf(box(5, 6, 6, 5), 16);
    const [plate, membrane] = [fillBiharmonic(parabola, hole), fillHarmonic(parabola, hole)];
    for (const pixel of hole.pixels) expect(plate[pixel]).toBeCloseTo(parabola[pixel]!, 8);
    expect(membrane[8 * 16 + 8]! - 64).toBeGreaterThan(2);
  });

  it('smooth fills factorise again where the border changes the equations', () => {
    const plane = scene();
    const inner = fillHarmonic(plane, holeOf(box(20, 20, 10, 10)));
    const touching = fillHarmonic(plane, holeOf(box(0, 20, 10, 10)));
    const again = fillHarmonic(plane, holeOf(box(20, 20, 10, 10)));
    expect(again).toEqual(inner);
    expect(touching).not.toEqual(inner);
  });
});
