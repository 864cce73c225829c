/** The classical fills compared with SciPy, scikit-image and OpenCV, and the properties of each. */

import { fillExemplar } from '@pipe-experiment/fills/exemplar.js';
import { fillFsr } from '@pipe-experiment/fills/fsr.js';
import { createHole, type Fill } from '@pipe-experiment/fills/hole.js';
import { fillByKriging, fitVariogram } from '@pipe-experiment/fills/kriging.js';
import { restoreBaselines } from '@pipe-experiment/fills/methods.js';
import { fillNavierStokes } from '@pipe-experiment/fills/navier-stokes.js';
import { fillMean, fillNone } from '@pipe-experiment/fills/simple.js';
import {
  fillBiharmonic,
  fillHarmonic,
  fillTension,
  mendSeam,
} from '@pipe-experiment/fills/smooth.js';
import { fillTelea } from '@pipe-experiment/fills/telea.js';
import { gradientMagnitudes, gradientSimilarity } from '@pipe-experiment/images/gms.js';
import { describe, expect, it } from 'vitest';
import references from '../../fixtures/fills/fills.json' with { type: 'json' };
import { noise, planeOf, sum } from '../../stages/support/planes.js';

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
  tension: fillTension,
  kriging: fillByKriging({ factor: 200, exponent: 0.8 }),
  telea: fillTelea,
  'navier-stokes': fillNavierStokes,
  fsr: fillFsr,
  exemplar: fillExemplar,
};

/** An estimate that is off by a ramp and a wave. */
const mended: Fill = (plane, hole) => {
  const estimate = Float64Array.from(plane, (value, at) => {
    const [x, y] = [at % SIDE, Math.floor(at / SIDE)];
    return value + 20 - x / 2 + 9 * Math.sin(y / 5);
  });
  mendSeam(estimate, plane, hole);
  return estimate;
};

/** How far a fill may be from its reference: at most, and on average. The marching ones use float32 there. */
const TOLERANCES: Readonly<Record<string, readonly [most: number, mean: number]>> = {
  telea: [1, 0.02],
  'navier-stokes': [1, 0.02],
  fsr: [0.5, 0.5], // theirs is rounded to 8 bits
};

/** Largest and mean absolute difference within the hole. */
function differences(filled: Float64Array, pixels: Int32Array, expected: readonly number[]) {
  const gaps = Array.from(pixels, (pixel, at) => Math.abs(filled[pixel]! - expected[at]!));
  return { largest: Math.max(...gaps), mean: sum(gaps) / gaps.length };
}

describe('the fills equal other implementations', () => {
  const plane = scene();

  it('on exactly the same pixels', () => {
    expect(sum(plane)).toBe(references.sum);
  });

  for (const [shape, reference] of Object.entries(references.holes)) {
    const hole = holeOf(shapes[shape as keyof typeof shapes]);

    it(`in exactly the same hole: ${shape}`, () => {
      expect(hole.pixels.length).toBe(reference.pixels);
    });

    it(`gradient similarity of the image and its fill: ${shape}`, () => {
      const filled = plane.slice();
      hole.pixels.forEach((pixel, at) => {
        filled[pixel] = reference.fills.fsr[at]!;
      });
      const [a, b] = [plane, filled].map((image) => gradientMagnitudes(image, SIDE, SIDE));
      expect(gradientSimilarity(a!, b!)).toBeCloseTo(reference.gms, 10);
      expect(gradientSimilarity(a!, a!)).toBe(1);
    });

    for (const [name, expected] of Object.entries(reference.fills)) {
      it(`${name}: ${shape}`, () => {
        const fill = name === 'seam' ? mended : fills[name]!;
        const gap = differences(fill(plane, hole), hole.pixels, expected);
        const [most, mean] = TOLERANCES[name] ?? [1e-6, 1e-6];
        expect(gap.largest).toBeLessThanOrEqual(most);
        expect(gap.mean).toBeLessThanOrEqual(mean);
      });
    }
  }
});

it("the variogram of an image equals NumPy's fit", () => {
  const { exponent, factor } = fitVariogram([scene()], SIDE, 1);
  expect(exponent).toBeCloseTo(references.variogram.exponent, 9);
  expect(factor).toBeCloseTo(references.variogram.factor, 6);
  const plane = scene();
  const three = Uint8Array.from({ length: 3 * plane.length }, (_, at) => plane[(at / 3) | 0]!);
  expect(fitVariogram([three], SIDE, 3).exponent).toBeCloseTo(exponent, 9);
});

describe('every fill', () => {
  const plane = scene();
  const all = { none: fillNone, mean: fillMean, ...fills };

  for (const [name, fill] of Object.entries(all)) {
    it(`${name} keeps the known pixels and never reads occluded ones`, () => {
      const hole = holeOf(shapes['two squares']);
      const filled = fill(plane, hole);
      const blackened = plane.map((value, at) => (hole.mask[at] ? 0 : value));
      expect(fill(blackened, hole)).toEqual(filled);
      for (let i = 0; i < plane.length; i++) if (!hole.mask[i]) expect(filled[i]).toBe(plane[i]);
    });

    if (name !== 'none') {
      it(`${name} fills a hole in a uniform image uniformly, up to the corner`, () => {
        const even = new Uint8Array(SIDE * SIDE).fill(90);
        const filled = fill(even, holeOf(shapes.corner));
        // FSR halves what is missing with each wave that it takes.
        const digits = name === 'fsr' ? 3 : 6;
        for (const value of filled) expect(value).toBeCloseTo(90, digits);
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

  it('blend and mean of three: the weighted means of their parts', () => {
    const hole = holeOf(shapes.ellipse);
    const means = restoreBaselines(['blend', 'mean-of-three'], plane, hole, 1, {});
    const [one, other, third] = [fillHarmonic, fillBiharmonic, fillFsr].map((fill) =>
      fill(plane, hole),
    );
    for (const pixel of hole.pixels) {
      const blend = (one![pixel]! + other![pixel]!) / 2;
      expect(means.get('blend')!.composite[pixel]).toBe(Math.round(blend));
      const three = (blend + third![pixel]!) / 2;
      expect(means.get('mean-of-three')!.composite[pixel]).toBe(Math.round(three));
    }
  });

  it('tension: is between membrane and plate where they differ most', () => {
    const hole = holeOf(shapes.square);
    const [membrane, plate, spline] = [fillHarmonic, fillBiharmonic, fillTension].map((fill) =>
      fill(plane, hole),
    );
    const apart = (a: Float64Array, b: Float64Array) => sum(a.map((v, i) => Math.abs(v - b[i]!)));
    expect(apart(spline!, membrane!)).toBeLessThan(apart(plate!, membrane!));
    expect(apart(spline!, plate!)).toBeLessThan(apart(plate!, membrane!));
  });

  it('exemplar: copies only known pixels, and continues stripes', () => {
    const stripes = planeOf(SIDE, SIDE, (x) => (x % 6 < 3 ? 40 : 200)).pixels;
    const hole = holeOf(shapes.square);
    const filled = fillExemplar(stripes, hole);
    for (const pixel of hole.pixels) expect(filled[pixel]).toBe(stripes[pixel]);
  });

  it('exemplar: is the harmonic fill where no whole patch is known', () => {
    const hole = holeOf((x, y) => x % 8 === 0 || y % 8 === 0);
    expect(fillExemplar(plane, hole)).toEqual(fillHarmonic(plane, hole));
  });

  it('FSR: continues a wave that smooth fills flatten', () => {
    const waves = planeOf(SIDE, SIDE, (x) =>
      Math.round(128 + 80 * Math.sin((x * Math.PI) / 4)),
    ).pixels;
    const hole = holeOf(shapes.square);
    const miss = (fill: Fill) =>
      differences(
        fill(waves, hole),
        hole.pixels,
        [...hole.pixels].map((p) => waves[p]!),
      ).mean;
    expect(miss(fillFsr)).toBeLessThan(miss(fillBiharmonic) / 3);
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
