/** `metrics.json` of an evaluated item: mean and deviation of every score, as a tree. */

import { type Spread, spread } from '@pipe-experiment/numerics/statistics.js';
import { type MethodName, type Scores, scoresOf } from './evaluation.js';
import type { Target } from './score.js';

/** By setting, method, target, and the score's own path (`ssim.wang`, `psnr`, …), then mean and std. */
export type MetricsTree = { readonly [name: string]: MetricsTree | Spread };

/** What of the scores the tree has. */
export interface MetricsParts {
  readonly methods: readonly MethodName[];
  readonly targets: readonly Target[];
  readonly names: readonly string[];
}

/** Six digits: finer than the spread between machines would ever allow to compare. */
export function metricsTree(
  scores: Scores,
  { methods, targets, names }: MetricsParts,
): MetricsTree {
  const tree: Branch = {};
  for (const setting of scores.settings) {
    for (const method of methods) {
      for (const target of targets) {
        for (const name of names) {
          const { mean, std } = spread(scoresOf(scores, setting, method, target, name));
          const path = [setting, method, target, ...name.split('.')];
          plant(tree, path, { mean: round(mean), std: round(std) });
        }
      }
    }
  }
  return tree as MetricsTree;
}

interface Branch {
  [name: string]: Branch | Spread;
}

function plant(tree: Branch, [name, ...rest]: readonly string[], leaf: Spread): void {
  if (name === undefined) throw new RangeError('a score without a name');
  if (rest.length === 0) {
    tree[name] = leaf;
    return;
  }
  tree[name] ??= {};
  plant(tree[name] as Branch, rest, leaf);
}

function round(value: number): number {
  return Number(value.toFixed(6));
}
