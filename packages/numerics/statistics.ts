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

/** The mean of paired differences with its 95 % interval, and how well three statements about it hold. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /**
   * One-sided p-values, as high as the finite number of resamples allows: of the mean being above the
   * smallest effect, below its negative, and between the two.
   */
  readonly p: Readonly<Record<Statement, number>>;
}

export type Statement = 'up' | 'down' | 'level';

export interface BootstrapOptions {
  readonly resamples: number;
  /** Differences below this are of no practical meaning. */
  readonly effect: number;
  /** The group of each image, where groups are drawn first and then images within each. */
  readonly groups?: readonly number[] | undefined;
}

/**
 * Percentile bootstrap of paired differences (Efron 1979): images are drawn with replacement, and
 * the same draws serve every list, so that the lists stay paired with each other too. With groups it has
 * two stages (Davison and Hinkley 1997): groups with replacement, then images of each.
 *
 * @param differences lists of equal length, one difference for each image
 */
export function pairedBootstrap(
  differences: readonly ArrayLike<number>[],
  { resamples, effect, groups }: BootstrapOptions,
  random: Random,
): Interval[] {
  const count = differences[0]?.length ?? 0;
  const means = differences.map(() => new Float64Array(resamples));
  const draw = groups === undefined ? drawImages(count, random) : drawGroups(groups, random);
  for (let resample = 0; resample < resamples; resample++) {
    const draws = draw();
    differences.forEach((list, at) => {
      let sum = 0;
      for (let i = 0; i < draws.length; i++) sum += list[draws[i]!]!;
      means[at]![resample] = sum / draws.length;
    });
  }
  return differences.map((list, at) => {
    const sorted = means[at]!.sort();
    return {
      mean: spread(list).mean,
      low: quantile(sorted, 0.025),
      high: quantile(sorted, 0.975),
      p: statementsOf(sorted, effect),
    };
  });
}

function drawImages(count: number, random: Random): () => Uint32Array {
  const draws = new Uint32Array(count);
  return () => {
    for (let i = 0; i < count; i++) draws[i] = random.int(count);
    return draws;
  };
}

function drawGroups(groups: readonly number[], random: Random): () => Uint32Array {
  const members = [...new Set(groups)].map((group) =>
    Uint32Array.from([...groups.keys()].filter((image) => groups[image] === group)),
  );
  const largest = Math.max(...members.map(({ length }) => length));
  const draws = new Uint32Array(largest * members.length);
  return () => {
    let next = 0;
    for (let round = 0; round < members.length; round++) {
      const group = members[random.int(members.length)]!;
      for (let i = 0; i < group.length; i++) draws[next++] = group[random.int(group.length)]!;
    }
    return draws.subarray(0, next);
  };
}

/** @param sorted means of the resamples */
function statementsOf(sorted: Float64Array, effect: number): Interval['p'] {
  const notAbove = countBelow(sorted, effect, true);
  const notBelow = sorted.length - countBelow(sorted, -effect, false);
  const above = sorted.length - countBelow(sorted, effect, false);
  const below = countBelow(sorted, -effect, true);
  const p = (count: number) => pValue(count, sorted.length);
  return { up: p(notAbove), down: p(notBelow), level: p(Math.max(above, below)) };
}

/** Three deviations of the count above what was counted, so that other draws would hardly give more. */
function pValue(count: number, resamples: number): number {
  return Math.min(1, (1 + count + 3 * Math.sqrt(count)) / (resamples + 1));
}

/** How many sorted values are below the bound, or at it. */
function countBelow(sorted: Float64Array, bound: number, orEqual: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < bound || (orEqual && sorted[middle] === bound)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Which of several p-values hold together at the level `alpha` (Holm 1979): the smallest is compared with
 * alpha divided by their number, each further one against a larger share, up to the first that fails.
 */
export function holm(p: readonly number[], alpha: number): boolean[] {
  const holds = p.map(() => false);
  const order = [...p.keys()].sort((a, b) => p[a]! - p[b]! || a - b);
  for (const [rank, at] of order.entries()) {
    if (p[at]! > alpha / (p.length - rank)) break;
    holds[at] = true;
  }
  return holds;
}
