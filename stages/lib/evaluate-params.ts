/** The `evaluate:` of the parameters, checked. */

import {
  checkChoice,
  checkInteger,
  checkKeys,
  checkNumber,
  checkTree,
} from '@pipe-experiment/data/check.js';
import { BACKEND_NAMES, type BackendName } from '@pipe-experiment/networks/backend/choose.js';

export interface EvaluateParams {
  /** Resamples of the paired bootstrap. */
  readonly bootstrap: number;
  /** Differences of SSIM below this are of no practical meaning. */
  readonly smallestEffect: number;
  /** Example images for each setting: this many best, median, worst, and drawn by seed. */
  readonly examples: {
    readonly best: number;
    readonly median: number;
    readonly worst: number;
    readonly seeded: number;
  };
  /** Fills drawn from the model's latent for each example, beside the one of its mean. */
  readonly samples: number;
  readonly seed: number;
  /** What the model computes on, as `train.backend`; `auto` unless said. */
  readonly backend: BackendName;
}

export function checkEvaluate(value: unknown): EvaluateParams {
  const tree = checkTree(value, 'evaluate');
  checkKeys(tree, 'evaluate', [
    'bootstrap',
    'smallestEffect',
    'examples',
    'samples',
    'seed',
    'backend',
  ]);
  const examples = checkTree(tree.examples, 'evaluate.examples');
  checkKeys(examples, 'evaluate.examples', ['best', 'median', 'worst', 'seeded']);
  const count = (name: 'best' | 'median' | 'worst' | 'seeded') =>
    checkInteger(examples[name], `evaluate.examples.${name}`, 0, 100);
  return {
    bootstrap: checkInteger(tree.bootstrap, 'evaluate.bootstrap', 100, 1_000_000),
    smallestEffect: checkNumber(tree.smallestEffect, 'evaluate.smallestEffect', 0, 0.1),
    examples: {
      best: count('best'),
      median: count('median'),
      worst: count('worst'),
      seeded: count('seeded'),
    },
    samples: checkInteger(tree.samples, 'evaluate.samples', 0, 16),
    seed: checkInteger(tree.seed, 'evaluate.seed', 0),
    backend: checkChoice(tree.backend ?? 'auto', 'evaluate.backend', BACKEND_NAMES),
  };
}
