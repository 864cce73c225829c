/** What a network sees in place of the occluded pixels. */
import { createHole, type Fill } from '../fill/hole.js';
import { fillMean, fillNone } from '../fill/simple.js';
import { fillHarmonic } from '../fill/smooth.js';

/** `black` is the code's. */
export type Prefill = 'black' | 'mean' | 'harmonic';

export const PREFILLS: readonly Prefill[] = ['black', 'mean', 'harmonic'];

const FILLS: Readonly<Record<Prefill, Fill>> = {
  black: fillNone,
  mean: fillMean,
  harmonic: fillHarmonic,
};

/**
 * Writes one image, its hole filled, to `out` on the scale 0…1.
 *
 * @param image uint8 [size, size, channels]
 * @param mask uint8 [size, size], 1 = occluded
 * @param out float32 [size, size, channels]
 */
export function prefill(
  kind: Prefill,
  image: Uint8Array,
  mask: Uint8Array,
  size: number,
  channels: number,
  out: Float32Array,
): void {
  const hole = createHole(mask, size, size);
  const plane = new Uint8Array(size * size);
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < plane.length; i++) plane[i] = image[i * channels + channel]!;
    const filled = FILLS[kind](plane, hole);
    for (let i = 0; i < plane.length; i++) out[i * channels + channel] = filled[i]! / 255;
  }
}
