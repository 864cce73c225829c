/** How far a restored image is from the original in gray levels: over all of it, and within the hole. */

/** What PSNR counts for two equal images, where the formula gives infinity: a mean must stay finite. */
export const PSNR_OF_EQUAL = 100;

/** Peak signal-to-noise ratio in dB of two 8-bit images of any layout: 10·log₁₀(255² / MSE). */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  const squares = sumOfSquares(a, b);
  if (squares === 0) return PSNR_OF_EQUAL;
  return Math.min(PSNR_OF_EQUAL, 10 * Math.log10((255 * 255 * a.length) / squares));
}

function sumOfSquares(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!;
    sum += difference * difference;
  }
  return sum;
}

/** Error over the occluded pixels alone, in gray levels (0 … 255). */
export interface HoleError {
  /** Mean absolute error. */
  readonly mae: number;
  /** Root of the mean squared error. */
  readonly rmse: number;
}

/**
 * @param a, b [pixels, channels], interleaved
 * @param mask [pixels], 1 = occluded; a mask that occludes nothing has no error
 */
export function holeError(
  a: Uint8Array,
  b: Uint8Array,
  mask: Uint8Array,
  channels: number,
): HoleError {
  let absolute = 0;
  let squares = 0;
  let count = 0;
  for (let pixel = 0; pixel < mask.length; pixel++) {
    if (mask[pixel] === 0) continue;
    for (let i = pixel * channels, end = i + channels; i < end; i++) {
      const difference = a[i]! - b[i]!;
      absolute += Math.abs(difference);
      squares += difference * difference;
      count++;
    }
  }
  if (count === 0) return { mae: 0, rmse: 0 };
  return { mae: absolute / count, rmse: Math.sqrt(squares / count) };
}
