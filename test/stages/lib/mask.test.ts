/** Occlusion masks: the paper's squares exactly, every other shape by its area, and the packing. */

import { createRandom } from '@pipe-experiment/data/random.js';
import { maskArea, packMask, unpackMask } from '@pipe-experiment/images/bits.js';
import { describe, expect, test } from 'vitest';
import { drawMask, type Occlusion } from '../../../stages/lib/mask.js';

const SIZE = 100;

function draw(occlusion: Occlusion, count: number, size = SIZE): Uint8Array[] {
  return Array.from({ length: count }, (_, index) =>
    drawMask(occlusion, size, createRandom(1, 'test', index)),
  );
}

/** The box around what is occluded: first and last column and row. */
function box(mask: Uint8Array, size = SIZE) {
  const xs: number[] = [];
  const ys: number[] = [];
  mask.forEach((pixel, index) => {
    if (pixel === 0) return;
    xs.push(index % size);
    ys.push(Math.floor(index / size));
  });
  return {
    left: Math.min(...xs),
    right: Math.max(...xs),
    top: Math.min(...ys),
    bottom: Math.max(...ys),
  };
}

describe('squares', () => {
  test.each([20, 40, 44, 63])(
    'of side %i are whole, and never touch the last row or column',
    (side) => {
      for (const mask of draw({ shape: 'square', side }, 300)) {
        const { left, right, top, bottom } = box(mask);
        expect(maskArea(mask)).toBe(side * side);
        expect([right - left + 1, bottom - top + 1]).toEqual([side, side]);
        expect(Math.max(right, bottom)).toBeLessThanOrEqual(SIZE - 2);
      }
    },
  );

  test('have their corner anywhere in 0 … size−side−1, each place equally often', () => {
    const counts = new Array<number>(80).fill(0);
    const draws = 4000;
    for (const mask of draw({ shape: 'square', side: 20 }, draws)) counts[box(mask).left]!++;
    for (const count of counts) {
      expect(Math.abs(count - draws / 80)).toBeLessThan(5 * Math.sqrt(draws / 80));
    }
  });

  test('two of them may overlap, and each is drawn on its own', () => {
    const areas = draw({ shape: 'square', side: 20, count: 2 }, 500).map(maskArea);
    expect(Math.max(...areas)).toBe(800);
    expect(Math.min(...areas)).toBeLessThan(700);
    expect(Math.min(...areas)).toBeGreaterThanOrEqual(400);
  });
});

const SHARES = [0.01, 0.05, 0.2, 0.4, 0.6];

describe.each(['rectangle', 'ellipse', 'strokes', 'border'] as const)('%s', (shape) => {
  test.each(SHARES)('covers a share of %f of the area', (share) => {
    // Strokes stop at the very pixel; the others are off by their outline's rounding, at most half a pixel.
    const slack = shape === 'strokes' ? 0.5 : 0.02 * share * SIZE * SIZE + 60;
    for (const mask of draw({ shape, area: [share, share] }, 60)) {
      expect(Math.abs(maskArea(mask) - share * SIZE * SIZE)).toBeLessThanOrEqual(slack);
    }
  });

  test('takes the share from all of its range', () => {
    const shares = draw({ shape, area: [0.1, 0.5] }, 300).map((mask) => maskArea(mask) / SIZE ** 2);
    expect(Math.min(...shares)).toBeLessThan(0.13);
    expect(Math.min(...shares)).toBeGreaterThan(0.09);
    expect(Math.max(...shares)).toBeGreaterThan(0.47);
    expect(Math.max(...shares)).toBeLessThan(0.51);
  });

  test('is the same for the same stream, and another for another image', () => {
    const occlusion: Occlusion = { shape, area: [0.1, 0.3] };
    const [first, second] = draw(occlusion, 2);
    expect(draw(occlusion, 1)[0]).toEqual(first);
    expect(second).not.toEqual(first);
  });

  test('works on a small image', () => {
    for (const mask of draw({ shape, area: [0.01, 0.6] }, 50, 16)) {
      expect(mask.length).toBe(256);
      expect(maskArea(mask)).toBeLessThan(256);
    }
  });
});

describe('rectangles and ellipses', () => {
  test('keep the requested ratio if it fits', () => {
    for (const mask of draw({ shape: 'rectangle', area: [0.08, 0.08], ratio: [2, 2] }, 50)) {
      const { left, right, top, bottom } = box(mask);
      expect([right - left + 1, bottom - top + 1]).toEqual([40, 20]);
    }
  });

  test('change the ratio, not the area, if it does not fit', () => {
    for (const mask of draw({ shape: 'rectangle', area: [0.6, 0.6], ratio: [4, 4] }, 20)) {
      expect(maskArea(mask)).toBe(6000);
      expect(box(mask).right - box(mask).left + 1).toBe(100);
    }
  });

  test('a circle fills π⁄4 of its box', () => {
    for (const mask of draw({ shape: 'ellipse', area: [0.2, 0.2], ratio: [1, 1] }, 50)) {
      const { left, right, top, bottom } = box(mask);
      const filled = maskArea(mask) / ((right - left + 1) * (bottom - top + 1));
      expect(filled).toBeGreaterThan(0.74);
      expect(filled).toBeLessThan(0.83);
    }
  });
});

test('a border leaves one whole square, with some border on each of its sides', () => {
  for (const mask of draw({ shape: 'border', area: [0.36, 0.36] }, 50)) {
    const { left, right, top, bottom } = box(mask.map((pixel) => 1 - pixel));
    expect([right - left, bottom - top]).toEqual([79, 79]);
    expect(Math.min(left, top, 99 - right, 99 - bottom)).toBeGreaterThanOrEqual(5);
    expect(maskArea(mask)).toBe(3600);
  }
});

describe('packed masks', () => {
  test('is numpy.packbits: the first pixel is the highest bit', () => {
    // np.packbits([1,0,1,1,0,0,0,1, 1,0,1]) is [177, 160]
    const mask = Uint8Array.from([1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1]);
    expect(packMask(mask)).toEqual(Uint8Array.from([177, 160]));
    expect(unpackMask(Uint8Array.from([177, 160]), 11)).toEqual(mask);
  });

  test('unpacks every mask unchanged', () => {
    for (const mask of draw({ shape: 'strokes', area: [0.01, 0.6] }, 20, 37)) {
      expect(unpackMask(packMask(mask), 37 * 37)).toEqual(mask);
    }
    expect(() => unpackMask(new Uint8Array(3), 32)).toThrow('expected 4 bytes');
  });
});
