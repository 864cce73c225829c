/** Critical path: the item with the longest remaining path starts first. */
import { cacheOf, itemAt, type Work } from '../decide/work.js';

/** Guess for an item that never ran; only the order depends on it. */
const UNKNOWN_SECONDS = 1;

/** Seconds on the longest path from each pending item to the end, itself included, by recorded durations. */
export function criticalPaths(
  work: Work,
  pending: readonly number[],
  dependents: ReadonlyMap<number, readonly number[]>,
): Map<number, number> {
  const paths = new Map<number, number>();
  for (const index of [...pending].sort((a, b) => b - a)) {
    let after = 0;
    for (const next of dependents.get(index) ?? []) after = Math.max(after, paths.get(next) ?? 0);
    paths.set(index, expectedSeconds(work, index) + after);
  }
  return paths;
}

function expectedSeconds(work: Work, index: number): number {
  return cacheOf(work).readLast(itemAt(work, index).id)?.seconds ?? UNKNOWN_SECONDS;
}
