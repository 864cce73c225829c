/** Mean, spread, quantiles, and the paired bootstrap that says whether a difference is more than luck. */
import type { Random } from '@pipe-experiment/data/random.js';

export interface Spread {
  readonly mean: number;
  /** Standard deviation with N − 1; 0 for a single value. */
  readonly std: number;
}

export function spread(values: ArrayLike<number>): Spread {
  const count = values.length;
  if (count === 0) throw new RangeError('mean and deviation of no values');
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i]!;
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (values[i]! - mean) ** 2;
  return { mean, std: count === 1 ? 0 : Math.sqrt(squares / (count - 1)) };
}

/** The quantile at `share` (0 … 1) of sorted values, linear between neighbours. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new RangeError('quantile of no values');
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (at - below);
}

/** The mean of paired differences with its 95 % interval. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Percentile bootstrap of paired differences (Efron 1979): images are drawn with replacement, and
 * the same draws serve every list, so that the lists stay paired with each other too.
 *
 * @param differences lists of equal length, one difference for each image
 */
export function pairedBootstrap(
  differences: readonly ArrayLike<number>[],
  resamples: number,
  random: Random,
): Interval[] {
  const count = differences[0]?.length ?? 0;
  const means = differences.map(() => new Float64Array(resamples));
  const draws = new Uint32Array(count);
  for (let resample = 0; resample < resamples; resample++) {
    for (let i = 0; i < count; i++) draws[i] = random.int(count);
    differences.forEach((list, at) => {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += list[draws[i]!]!;
      means[at]![resample] = sum / count;
    });
  }
  return differences.map((list, at) => {
    const sorted = means[at]!.sort();
    return { mean: spread(list).mean, low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
  });
}
