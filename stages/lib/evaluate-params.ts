/** The `evaluate:` of the parameters, checked. */

import { checkChoice, checkInteger, checkKeys, checkTree } from '@pipe-experiment/data/check.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { BACKEND_NAMES, type BackendName } from './backend/choose.js';
import { BASELINE_NAMES, type BaselineName } from './methods.js';

export interface EvaluateParams {
  /** How many train images are scored beside the whole test set: enough to see overfitting. */
  readonly train: number;
  /** The classical methods, in the order of the tables. */
  readonly methods: readonly BaselineName[];
  /** PCA: components, and how many train images they are fitted to. */
  readonly pca: { readonly components: number; readonly images: number };
  /** Resamples of the paired bootstrap. */
  readonly bootstrap: number;
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
    'train',
    'methods',
    'pca',
    'bootstrap',
    'examples',
    'samples',
    'seed',
    'backend',
  ]);
  const pca = checkTree(tree.pca, 'evaluate.pca');
  checkKeys(pca, 'evaluate.pca', ['components', 'images']);
  const examples = checkTree(tree.examples, 'evaluate.examples');
  checkKeys(examples, 'evaluate.examples', ['best', 'median', 'worst', 'seeded']);
  const count = (name: 'best' | 'median' | 'worst' | 'seeded') =>
    checkInteger(examples[name], `evaluate.examples.${name}`, 0, 100);
  return {
    train: checkInteger(tree.train, 'evaluate.train', 1),
    methods: checkMethods(tree.methods),
    pca: {
      components: checkInteger(pca.components, 'evaluate.pca.components', 1, 1000),
      images: checkInteger(pca.images, 'evaluate.pca.images', 2, 5000),
    },
    bootstrap: checkInteger(tree.bootstrap, 'evaluate.bootstrap', 100, 1_000_000),
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

function checkMethods(value: unknown): readonly BaselineName[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw mistake(
      'evaluate.methods: expected a list of classical methods',
      `Known are ${BASELINE_NAMES.join(', ')}.`,
    );
  }
  const methods = value.map((name, at) =>
    checkChoice(name, `evaluate.methods[${at}]`, BASELINE_NAMES),
  );
  if (new Set(methods).size < methods.length) {
    throw mistake('evaluate.methods: a method is named twice');
  }
  return methods;
}
