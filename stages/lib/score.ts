/** Scores of one restored image: SSIM under each definition, PSNR, and the error within the hole. */
import { holeError, psnr } from './errors.js';
import type { Restored } from './methods.js';
import { planeOf } from './planes.js';
import {
  compareSsim,
  createSsimScratch,
  type SsimReference,
  ssimNamesFor,
  ssimReference,
} from './ssim.js';

/** The output as it is, and with the known pixels pasted back. */
export const TARGETS = ['whole', 'composite'] as const;
export type Target = (typeof TARGETS)[number];

/** Scores one restoration after another; reuses its buffers, so it serves one size of image. */
export interface Scorer {
  /** The names of the scores, such as `ssim.wang` or `hole.mae`: paths into metrics.json. */
  readonly names: readonly string[];
  /** Prepares an original for being compared with. */
  prepare(original: Uint8Array): Original;
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
}

/** @param size side of the square images; colour is scored as the mean over the channels */
export function createScorer(size: number, channels: number): Scorer {
  const scratch = createSsimScratch(size, size);
  const ssimNames = ssimNamesFor(size, size);
  const names = [...ssimNames.map((name) => `ssim.${name}`), 'psnr', 'hole.mae', 'hole.rmse'];

  function scoreImage(
    original: Original,
    mask: Uint8Array,
    image: Uint8Array,
    out: Float64Array,
    at: number,
  ): void {
    out.fill(0, at, at + ssimNames.length);
    original.planes.forEach((reference, channel) => {
      const scores = compareSsim(reference, planeOf(image, channel, channels));
      ssimNames.forEach((name, i) => {
        out[at + i]! += scores[name]! / channels;
      });
    });
    const { mae, rmse } = holeError(original.pixels, image, mask, channels);
    out[at + ssimNames.length] = psnr(original.pixels, image);
    out[at + ssimNames.length + 1] = mae;
    out[at + ssimNames.length + 2] = rmse;
  }

  return {
    names,
    prepare: (pixels) => ({
      pixels,
      planes: Array.from({ length: channels }, (_, channel) =>
        ssimReference(planeOf(pixels, channel, channels), size, size, scratch),
      ),
    }),
    score(original, mask, { whole, composite }, out, at) {
      scoreImage(original, mask, whole, out, at);
      if (composite === whole) out.copyWithin(at + names.length, at, at + names.length);
      else scoreImage(original, mask, composite, out, at + names.length);
    },
  };
}
