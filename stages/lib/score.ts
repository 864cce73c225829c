/** Scores of one restored image: SSIM under each definition, gradient similarity, PSNR, and the error within the hole. */

import type { Restored } from '@pipe-experiment/fills/methods.js';
import { holeError, psnr } from '@pipe-experiment/images/errors.js';
import { gradientMagnitudes, gradientSimilarity } from '@pipe-experiment/images/gms.js';
import { planeOf } from '@pipe-experiment/images/planes.js';
import {
  compareSsim,
  createSsimScratch,
  type SsimReference,
  ssimNamesFor,
  ssimReference,
} from '@pipe-experiment/images/ssim.js';

/** The output as it is, and with the known pixels pasted back. */
export const TARGETS = ['whole', 'composite'] as const;
export type Target = (typeof TARGETS)[number];

/** Scores one restoration after another; reuses its buffers, so it serves one size of image. */
export interface Scorer {
  /** The names of the scores, such as `ssim.wang` or `hole.mae`: paths into metrics.json. */
  readonly names: readonly string[];
  /** Prepares an original for being compared with. */
  prepare(original: Uint8Array): Original;
  /**
   * Of the composite that was scored last: Wang's similarity of the window round each pixel, the mean of
   * the channels; NaN where no window has its centre. The next score overwrites it.
   */
  readonly map: Float64Array;
  /** Writes the scores of both targets to out[at …], first whole, then composite. */
  score(
    original: Original,
    mask: Uint8Array,
    restored: Restored,
    out: Float64Array,
    at: number,
  ): void;
}

export interface Original {
  readonly pixels: Uint8Array;
  /** One reference for each channel. */
  readonly planes: readonly SsimReference[];
  readonly gradients: readonly Float64Array[];
}

/** @param size side of the square images; colour is scored as the mean over the channels */
export function createScorer(size: number, channels: number): Scorer {
  const scratch = createSsimScratch(size, size);
  const ssimNames = ssimNamesFor(size, size);
  const means = [...ssimNames.map((name) => `ssim.${name}`), 'gms'];
  const names = [...means, 'psnr', 'hole.mae', 'hole.rmse'];
  const map = new Float64Array(size * size);
  const hasMap = ssimNames.includes('wang');

  function scoreImage(
    original: Original,
    mask: Uint8Array,
    image: Uint8Array,
    out: Float64Array,
    at: number,
  ): void {
    out.fill(0, at, at + means.length);
    map.fill(hasMap ? 0 : Number.NaN);
    original.planes.forEach((reference, channel) => {
      const plane = planeOf(image, channel, channels);
      const scores = compareSsim(reference, plane);
      ssimNames.forEach((name, i) => {
        out[at + i]! += scores[name]! / channels;
      });
      const gradients = gradientMagnitudes(plane, size, size);
      out[at + ssimNames.length]! +=
        gradientSimilarity(original.gradients[channel]!, gradients) / channels;
      for (let i = 0; i < map.length; i++) map[i]! += scratch.map[i]! / channels;
    });
    const { mae, rmse } = holeError(original.pixels, image, mask, channels);
    out[at + means.length] = psnr(original.pixels, image);
    out[at + means.length + 1] = mae;
    out[at + means.length + 2] = rmse;
  }

  return {
    map,
    names,
    prepare(pixels) {
      const planes = Array.from({ length: channels }, (_, channel) =>
        planeOf(pixels, channel, channels),
      );
      return {
        pixels,
        planes: planes.map((plane) => ssimReference(plane, size, size, scratch)),
        gradients: planes.map((plane) => gradientMagnitudes(plane, size, size)),
      };
    },
    score(original, mask, { whole, composite }, out, at) {
      scoreImage(original, mask, whole, out, at);
      if (composite === whole) out.copyWithin(at + names.length, at, at + names.length);
      else scoreImage(original, mask, composite, out, at + names.length);
    },
  };
}
