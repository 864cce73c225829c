/** PSNR and the error within the hole, by hand. */

import { holeError, PSNR_OF_EQUAL, psnr } from '@pipe-experiment/images/errors.js';
import { describe, expect, it } from 'vitest';

describe('PSNR', () => {
  it('is 20·log10(255 / d) when every pixel is off by d', () => {
    const a = new Uint8Array(64).fill(100);
    const b = new Uint8Array(64).fill(110);
    expect(psnr(a, b)).toBeCloseTo(20 * Math.log10(25.5), 12);
  });

  it('is a finite cap for equal images', () => {
    const a = new Uint8Array(4).fill(7);
    expect(psnr(a, a)).toBe(PSNR_OF_EQUAL);
  });
});

describe('the error within the hole', () => {
  it('uses only occluded pixels, in all channels', () => {
    const a = Uint8Array.of(0, 0, 10, 20, 50, 50);
    const b = Uint8Array.of(9, 9, 13, 16, 99, 99);
    const mask = Uint8Array.of(0, 1, 0);
    expect(holeError(a, b, mask, 2)).toEqual({ mae: 3.5, rmse: Math.sqrt(12.5) });
  });

  it('is 0 where nothing is occluded', () => {
    expect(holeError(Uint8Array.of(1), Uint8Array.of(9), Uint8Array.of(0), 1)).toEqual({
      mae: 0,
      rmse: 0,
    });
  });
});
