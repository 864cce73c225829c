/** Separable Gaussian filtering of a rectangle of windows, border "valid": the window of Wang's SSIM. */

/** A rectangle of window positions, by their top-left pixel: columns [left, right), rows [top, bottom). */
export interface Region {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The taps of a normalised, sampled Gaussian; its outer product with itself sums to 1. */
export function gaussianTaps(size: number, sigma: number): Float64Array {
  const taps = new Float64Array(size);
  const centre = (size - 1) / 2;
  let sum = 0;
  for (let i = 0; i < size; i++) {
    const tap = Math.exp(-((i - centre) ** 2) / (2 * sigma * sigma));
    taps[i] = tap;
    sum += tap;
  }
  for (let i = 0; i < size; i++) taps[i]! /= sum;
  return taps;
}

/**
 * Filters `source` [height, width] and writes the value of the window whose top-left pixel is
 * (x, y) to out[y * width + x], for the windows of `region` alone.
 *
 * @param taps eleven, symmetric
 * @param rows scratch of the size of `source`: the horizontal pass
 */
export function filterRegion(
  source: Float64Array,
  width: number,
  taps: Float64Array,
  region: Region,
  rows: Float64Array,
  out: Float64Array,
): void {
  const reach = taps.length - 1;
  for (let y = region.top; y < region.bottom + reach; y++) {
    pass(source, taps, 1, y * width + region.left, y * width + region.right, rows);
  }
  for (let y = region.top; y < region.bottom; y++) {
    pass(rows, taps, width, y * width + region.left, y * width + region.right, out);
  }
}

/**
 * One pass along `stride` with eleven symmetric taps. Written out, and folded about the centre: as a
 * loop over the taps it takes three times as long, and it is most of what scoring costs.
 */
function pass(
  source: Float64Array,
  taps: Float64Array,
  stride: number,
  from: number,
  to: number,
  out: Float64Array,
): void {
  const t0 = taps[0]!;
  const t1 = taps[1]!;
  const t2 = taps[2]!;
  const t3 = taps[3]!;
  const t4 = taps[4]!;
  const t5 = taps[5]!;
  for (let i = from; i < to; i++) {
    out[i] =
      t5 * source[i + 5 * stride]! +
      t4 * (source[i + 4 * stride]! + source[i + 6 * stride]!) +
      t3 * (source[i + 3 * stride]! + source[i + 7 * stride]!) +
      t2 * (source[i + 2 * stride]! + source[i + 8 * stride]!) +
      t1 * (source[i + stride]! + source[i + 9 * stride]!) +
      t0 * (source[i]! + source[i + 10 * stride]!);
  }
}
