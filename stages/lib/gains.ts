/** By how much the model beats each classical method on the same images, with bootstrap intervals. */

import { createRandom } from '@pipe-experiment/data/random.js';
import { type Interval, pairedBootstrap } from '@pipe-experiment/numerics/statistics.js';
import { type MethodName, MODEL, type Scores, scoresOf } from './evaluation.js';
import { rankedBy } from './examples.js';

/** Gain of the model over a baseline, composite; positive where the model is better. */
export interface Gain extends Interval {
  readonly setting: string;
  readonly baseline: MethodName;
  /** A score of which more is better. */
  readonly score: string;
}

/** How intervals are drawn. */
export interface Bootstrap {
  readonly resamples: number;
  readonly seed: number;
  /** Differences below this are of no practical meaning. */
  readonly effect: number;
}

/** With more groups than this, images say as much of the interval as groups do. */
const FEW_GROUPS = 30;

/** The groups of images where they are so few that they have to be drawn; else none. */
export function fewGroups(ofImages: readonly number[]): readonly number[] | undefined {
  const groups = new Set(ofImages).size;
  return groups > 1 && groups <= FEW_GROUPS && groups < ofImages.length ? ofImages : undefined;
}

/**
 * Every baseline in every setting, by the score that methods are ranked by and by the similarity of
 * gradients.
 *
 * @param groups of which group each image is
 */
export function gainsOf(
  scores: Scores,
  groups: readonly number[],
  { resamples, seed, effect }: Bootstrap,
): Gain[] {
  const names = [rankedBy(scores), 'gms'];
  const random = createRandom(seed, 'bootstrap');
  const baselines = scores.methods.filter((method) => method !== MODEL);
  return scores.settings.flatMap((setting) => {
    const compared = baselines.flatMap((baseline) => names.map((score) => ({ baseline, score })));
    const differences = compared.map(({ baseline, score }) => {
      const ours = scoresOf(scores, setting, MODEL, 'composite', score);
      const theirs = scoresOf(scores, setting, baseline, 'composite', score);
      return ours.map((value, image) => value - theirs[image]!);
    });
    const options = { resamples, effect, groups: fewGroups(groups) };
    const intervals = pairedBootstrap(differences, options, random.split(setting));
    return compared.map((which, at) => ({ setting, ...which, ...intervals[at]! }));
  });
}
