/** Critical path: the item with the longest path ahead of it starts first. */
import { type BuildContext, handleOf } from '../decide/build-context.js';

/** Estimate for an item that never ran; only the order depends on it. */
const UNKNOWN_SECONDS = 1;

/**
 * Seconds on the longest path from each pending item to the end, including the item, by recorded
 * durations.
 */
export function criticalPaths(
  build: BuildContext,
  pending: readonly number[],
  dependents: ReadonlyMap<number, readonly number[]>,
): Map<number, number> {
  const paths = new Map<number, number>();
  for (const index of [...pending].sort((a, b) => b - a)) {
    let after = 0;
    for (const next of dependents.get(index) ?? []) after = Math.max(after, paths.get(next) ?? 0);
    const { cache, item } = handleOf(build, index);
    paths.set(index, (cache.state.readLast(item.id)?.seconds ?? UNKNOWN_SECONDS) + after);
  }
  return paths;
}
