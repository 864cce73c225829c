/** The classical methods a model is held against, by the names that `evaluate.methods` may hold. */
import type { Fill, Hole } from './fill/hole.js';
import { fillNavierStokes } from './fill/navier-stokes.js';
import { type Pca, restorePca } from './fill/pca.js';
import { fillMean, fillNone } from './fill/simple.js';
import { fillBiharmonic, fillBlend, fillHarmonic } from './fill/smooth.js';
import { fillTelea } from './fill/telea.js';

const FILLS = {
  none: fillNone,
  mean: fillMean,
  telea: fillTelea,
  'navier-stokes': fillNavierStokes,
  harmonic: fillHarmonic,
  biharmonic: fillBiharmonic,
  blend: fillBlend,
} as const satisfies Readonly<Record<string, Fill>>;

export type BaselineName = keyof typeof FILLS | 'pca';

export const BASELINE_NAMES: readonly BaselineName[] = [
  ...(Object.keys(FILLS) as (keyof typeof FILLS)[]),
  'pca',
];

/** How a method is called in a sentence, and what it does. */
export const METHOD_TEXTS: Readonly<Record<BaselineName, { label: string; about: string }>> = {
  none: { label: 'nothing', about: 'the hole stays black' },
  mean: { label: 'mean', about: 'the mean of the known pixels' },
  telea: { label: 'Telea', about: 'fast marching from the rim, weighted means, radius 3' },
  'navier-stokes': { label: 'Navier–Stokes', about: 'marching along lines of equal brightness' },
  harmonic: { label: 'harmonic', about: 'Laplace’s equation in the hole, solved exactly' },
  biharmonic: { label: 'biharmonic', about: 'the biharmonic equation, solved exactly' },
  blend: { label: 'blend', about: 'the mean of harmonic and biharmonic' },
  pca: { label: 'PCA', about: 'principal components of the train images, fitted to what is known' },
};

/** One restored image in 8 bits: what the method gave, and the same with the known pixels kept. */
export interface Restored {
  readonly whole: Uint8Array;
  readonly composite: Uint8Array;
}

/**
 * Restores one image by a classical method. All of them but PCA keep the known pixels by themselves.
 *
 * @param image 8-bit [pixels, channels], interleaved
 */
export function restoreBaseline(
  name: BaselineName,
  image: Uint8Array,
  hole: Hole,
  channels: number,
  pca: Pca | undefined,
): Restored {
  if (name === 'pca') {
    if (pca === undefined) throw new TypeError('PCA was asked for but not fitted');
    const whole = toBytes(restorePca(pca, image, hole.mask, channels));
    return { whole, composite: keepKnown(whole, image, hole.mask, channels) };
  }
  const filled = new Uint8Array(image.length);
  for (let channel = 0; channel < channels; channel++) {
    const plane = toBytes(FILLS[name](planeOf(image, channel, channels), hole));
    for (let pixel = 0; pixel < plane.length; pixel++) {
      filled[pixel * channels + channel] = plane[pixel]!;
    }
  }
  return { whole: filled, composite: filled };
}

/** One channel of an interleaved image; the image itself when it has just one. */
export function planeOf(image: Uint8Array, channel: number, channels: number): Uint8Array {
  if (channels === 1) return image;
  const plane = new Uint8Array(image.length / channels);
  for (let pixel = 0; pixel < plane.length; pixel++) {
    plane[pixel] = image[pixel * channels + channel]!;
  }
  return plane;
}

/** To 8 bits: the picture that is scored is the picture that is shown. */
export function toBytes(values: Float64Array | Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    bytes[i] = Math.min(255, Math.max(0, Math.round(values[i]!)));
  }
  return bytes;
}

/** The restored image with the known pixels of the original pasted back. */
export function keepKnown(
  whole: Uint8Array,
  original: Uint8Array,
  mask: Uint8Array,
  channels: number,
): Uint8Array {
  const composite = original.slice();
  for (let pixel = 0; pixel < mask.length; pixel++) {
    if (mask[pixel] === 0) continue;
    for (let i = pixel * channels, end = i + channels; i < end; i++) composite[i] = whole[i]!;
  }
  return composite;
}
