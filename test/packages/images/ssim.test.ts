/** SSIM against scikit-image under each definition, and its invariants. */

import {
  compareSsim,
  SSIM_NAMES,
  type SsimName,
  ssim,
  ssimReference,
} from '@pipe-experiment/images/ssim.js';
import { describe, expect, it } from 'vitest';
import references from '../../fixtures/metrics/ssim.json' with { type: 'json' };
import {
  cut,
  noise,
  noisePlane,
  type Plane,
  planeOf,
  ramp,
  sum,
  waves,
} from '../../stages/support/planes.js';

const cases: Readonly<Record<string, () => readonly [Plane, Plane]>> = {
  'mirrored row': () => [planeOf(16, 16, (x) => x * 16), planeOf(16, 16, (x) => (15 - x) * 16)],
  constants: () => [planeOf(16, 16, () => 100), planeOf(16, 16, () => 150)],
  'noise 16': () => [noisePlane(1, 16), noisePlane(2, 16)],
  'noise 100': () => [noisePlane(1, 100), noisePlane(2, 100)],
  'ramp with a hole': () => [ramp(), cut(ramp(), 30, 40, 20, 20)],
  'waves with a hole': () => [waves(), cut(waves(), 30, 40, 40, 40)],
  'waves with noise': () => {
    const plain = waves();
    const dust = noise(7, 10_000);
    const dusty = planeOf(100, 100, (x, y) => {
      const i = y * 100 + x;
      return Math.min(255, Math.max(0, plain.pixels[i]! + (dust[i]! % 41) - 20));
    });
    return [plain, dusty];
  },
};

describe('SSIM equals scikit-image to 1e-9', () => {
  for (const reference of references) {
    const [a, b] = cases[reference.case]!();

    it(`on exactly the same pixels: ${reference.case}`, () => {
      expect([sum(a.pixels), sum(b.pixels)]).toEqual(reference.sums);
    });

    for (const [name, expected] of Object.entries(reference.scores)) {
      it(`${name}: ${reference.case}`, () => {
        const score = ssim(a.pixels, b.pixels, a.width, a.height, name as SsimName);
        expect(Math.abs(score - expected)).toBeLessThan(1e-9);
      });
    }
  }

  it('with every definition compared with at least one reference', () => {
    const held = new Set(references.flatMap(({ scores }) => Object.keys(scores)));
    expect([...held].sort()).toEqual([...SSIM_NAMES].sort());
  });
});

describe('SSIM', () => {
  it('is 1 for equal images under every definition', () => {
    const { pixels, width, height } = waves();
    expect(compareSsim(ssimReference(pixels, width, height), pixels)).toEqual({
      wang: 1,
      skimage: 1,
      uniform51: 1,
      global: 1,
    });
  });

  it('is symmetric', () => {
    const a = waves().pixels;
    const b = noise(3, 10_000);
    for (const name of SSIM_NAMES) {
      expect(ssim(a, b, 100, 100, name)).toBeCloseTo(ssim(b, a, 100, 100, name), 12);
    }
  });

  it('leaves no trace of one comparison in the next: a reference is used many times', () => {
    const reference = ssimReference(waves().pixels, 100, 100);
    const small = cut(waves(), 90, 90, 10, 10).pixels;
    const before = compareSsim(reference, small);
    compareSsim(reference, noise(9, 10_000));
    expect(compareSsim(reference, small)).toEqual(before);
  });

  it('detects a change in a corner pixel, which only one window contains', () => {
    const plane = waves();
    const changed = cut(plane, 99, 99, 1, 1);
    expect(ssim(plane.pixels, changed.pixels, 100, 100, 'wang')).toBeLessThan(1);
    expect(ssim(plane.pixels, changed.pixels, 100, 100, 'skimage')).toBeLessThan(1);
  });

  it('works if the image is not square', () => {
    const plane = planeOf(40, 20, (x, y) => (7 * x + 5 * y) % 256);
    expect(ssim(plane.pixels, plane.pixels, 40, 20, 'wang')).toBe(1);
  });

  it('reports a window that does not fit into the image', () => {
    const { pixels } = noisePlane(1, 16);
    expect(() => ssim(pixels, pixels, 16, 16, 'uniform51')).toThrow(
      'SSIM "uniform51": its window does not fit into 16×16 pixels',
    );
  });
});
