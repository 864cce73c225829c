/** By how much the model beats each classical method on the same images, with bootstrap intervals. */

import { createRandom } from '@pipe-experiment/data/random.js';
import { type MethodName, MODEL, type Scores, scoresOf } from './evaluation.js';
import { type Interval, pairedBootstrap } from './statistics.js';

/** Gain of the model over a baseline, composite; positive where the model is better. */
export interface Gain extends Interval {
  readonly setting: string;
  readonly baseline: MethodName;
  /** A score of which more is better. */
  readonly score: string;
}

/** Every baseline in every setting, for the scores of which more is better (SSIM and PSNR). */
export function gainsOf(
  scores: Scores,
  { resamples, seed }: { readonly resamples: number; readonly seed: number },
  names = scores.names.filter((name) => !name.startsWith('hole.')),
): Gain[] {
  const random = createRandom(seed, 'bootstrap');
  const baselines = scores.methods.filter((method) => method !== MODEL);
  return scores.settings.flatMap((setting) => {
    const compared = baselines.flatMap((baseline) => names.map((score) => ({ baseline, score })));
    const differences = compared.map(({ baseline, score }) => {
      const ours = scoresOf(scores, setting, MODEL, 'composite', score);
      const theirs = scoresOf(scores, setting, baseline, 'composite', score);
      return ours.map((value, image) => value - theirs[image]!);
    });
    const intervals = pairedBootstrap(differences, resamples, random.split(setting));
    return compared.map((which, at) => ({ setting, ...which, ...intervals[at]! }));
  });
}
