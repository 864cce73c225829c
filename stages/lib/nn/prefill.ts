/** What a network sees in place of the occluded pixels. */
import { fillFsr } from '@pipe-experiment/fills/fsr.js';
import { createHole, type Fill } from '@pipe-experiment/fills/hole.js';
import { fillMean, fillNone } from '@pipe-experiment/fills/simple.js';
import { fillBiharmonic, fillHarmonic, fillTension } from '@pipe-experiment/fills/smooth.js';

/** `black` is the code's. FSR takes as long as a training step. */
const FILLS = {
  black: fillNone,
  mean: fillMean,
  harmonic: fillHarmonic,
  biharmonic: fillBiharmonic,
  tension: fillTension,
  fsr: fillFsr,
} as const satisfies Readonly<Record<string, Fill>>;

export type Prefill = keyof typeof FILLS;

export const PREFILLS = Object.keys(FILLS) as readonly Prefill[];

/**
 * Writes one image, its hole filled by each pre-fill, on the scale 0…1: the mean of them, and how
 * far each but the last lies from it.
 *
 * @param image uint8 [size, size, channels]
 * @param mask uint8 [size, size], 1 = occluded
 * @param mean float32 [size, size, channels]
 * @param spread float32 [size, size, kinds − 1, channels]
 */
export function prefill(
  kinds: readonly Prefill[],
  image: Uint8Array,
  mask: Uint8Array,
  size: number,
  channels: number,
  mean: Float32Array,
  spread: Float32Array,
): void {
  const hole = createHole(mask, size, size);
  const plane = new Uint8Array(size * size);
  const others = kinds.length - 1;
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < plane.length; i++) plane[i] = image[i * channels + channel]!;
    const fills = kinds.map((kind) => FILLS[kind](plane, hole));
    for (let i = 0; i < plane.length; i++) {
      let sum = 0;
      for (const fill of fills) sum += fill[i]!;
      const middle = sum / fills.length;
      mean[i * channels + channel] = middle / 255;
      for (let other = 0; other < others; other++) {
        spread[(i * others + other) * channels + channel] = (fills[other]![i]! - middle) / 255;
      }
    }
  }
}
