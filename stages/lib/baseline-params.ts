/** The `baselines:` of the parameters, checked. */
import { checkChoice, checkInteger, checkKeys, checkTree } from '@pipe-experiment/data/check.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { BASELINE_NAMES, type BaselineName } from '@pipe-experiment/fills/methods.js';

export interface BaselineParams {
  /** How many train images are scored beside the whole test set: enough to see overfitting. */
  readonly train: number;
  /** The classical methods, in the order of the tables. */
  readonly methods: readonly BaselineName[];
  readonly pca: {
    /** Numbers of components to choose from, by setting, on images held out for it. */
    readonly components: readonly number[];
    /** At most so many train images are fitted to. */
    readonly images: number;
    /** At most so many images to choose on. */
    readonly validation: number;
  };
  readonly mixture: { readonly clusters: number; readonly components: number };
  readonly seed: number;
}

const MOST_COMPONENTS = 1000;

export function checkBaselines(value: unknown): BaselineParams {
  const tree = checkTree(value, 'baselines');
  checkKeys(tree, 'baselines', ['train', 'methods', 'pca', 'mixture', 'seed']);
  const pca = checkTree(tree.pca, 'baselines.pca');
  checkKeys(pca, 'baselines.pca', ['components', 'images', 'validation']);
  const mixture = checkTree(tree.mixture, 'baselines.mixture');
  checkKeys(mixture, 'baselines.mixture', ['clusters', 'components']);
  return {
    train: checkInteger(tree.train, 'baselines.train', 1),
    methods: checkMethods(tree.methods),
    pca: {
      components: checkComponents(pca.components),
      images: checkInteger(pca.images, 'baselines.pca.images', 2, 5000),
      validation: checkInteger(pca.validation, 'baselines.pca.validation', 1, 1000),
    },
    mixture: {
      clusters: checkInteger(mixture.clusters, 'baselines.mixture.clusters', 1, 100),
      components: checkInteger(
        mixture.components,
        'baselines.mixture.components',
        1,
        MOST_COMPONENTS,
      ),
    },
    seed: checkInteger(tree.seed, 'baselines.seed', 0),
  };
}

function checkComponents(value: unknown): readonly number[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw mistake('baselines.pca.components: expected a list of numbers to choose from');
  }
  return value.map((count, at) =>
    checkInteger(count, `baselines.pca.components[${at}]`, 1, MOST_COMPONENTS),
  );
}

function checkMethods(value: unknown): readonly BaselineName[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw mistake(
      'baselines.methods: expected a list of classical methods',
      `Known are ${BASELINE_NAMES.join(', ')}.`,
    );
  }
  const methods = value.map((name, at) =>
    checkChoice(name, `baselines.methods[${at}]`, BASELINE_NAMES),
  );
  if (new Set(methods).size < methods.length) {
    throw mistake('baselines.methods: a method is named twice');
  }
  return methods;
}
