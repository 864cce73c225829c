/** `--only`: runs the targets on existing inputs, warns about stale ones, and restores missing ones. */
import { DamagedObject } from '../cache/cache.js';
import type { RecordedOut } from '../cache/records/record.js';
import { type BuildContext, handleOf, type ItemHandle, itemAt } from '../decide/build-context.js';
import { explain } from '../decide/explain.js';
import { claimItem } from '../decide/locks.js';
import { type Prediction, predict } from '../decide/prediction.js';

/**
 * Warns of each stale upstream item, and restores missing inputs: from today's record, or, when that
 * is unknown, from the item's last result.
 *
 * @param whole the same run without `--only`, for comparison
 */
export async function readyInputs(build: BuildContext, whole: BuildContext): Promise<void> {
  const found = await predict(whole);
  for (const index of build.selected) {
    for (const need of itemAt(build, index).needs) {
      if (build.isSelected.has(need)) continue;
      const outlook = found.get(need);
      if (outlook === undefined) continue;
      if (outlook.kind === 'fresh') build.temps?.lay(outlook);
      await restoreMissing(handleOf(build, need), outlook);
      warnIfStale(build, whole, index, need, outlook);
    }
  }
}

function warnIfStale(
  build: BuildContext,
  whole: BuildContext,
  index: number,
  need: number,
  outlook: Prediction,
): void {
  if (outlook.kind === 'fresh' || outlook.kind === 'restore') return;
  const item = itemAt(build, need);
  // No warning for a missing out: the up-to-date check reports it.
  if (item.outs.some((out) => build.project.cache.scanSync(out.path) === undefined)) return;
  const reason =
    outlook.kind === 'unknown'
      ? `${outlook.waitsFor.join(', ')} must run before it`
      : explain(handleOf(whole, need), outlook)[0]?.text;
  const message = `${item.id} is stale (${reason}): its outs are used as they are`;
  handleOf(build, index).warn(message);
}

async function restoreMissing(handle: ItemHandle, outlook: Prediction): Promise<void> {
  const { item, cache } = handle;
  const missing = item.outs.filter((out) => cache.scanSync(out.path) === undefined);
  if (missing.length === 0) return;
  const stored: readonly RecordedOut[] =
    outlook.kind === 'restore' ? outlook.record.outs : (cache.state.readLast(item.id)?.outs ?? []);
  const claim = await claimItem(handle);
  try {
    for (const out of missing) {
      const found = stored.find((each) => each.name === out.name);
      if (found === undefined || !cache.hasAll(found.digest)) continue;
      await cache.outs.restore(found, out.path, { stop: handle.build.options.interruption.stop });
      cache.forget(out.path);
    }
  } catch (error) {
    if (!(error instanceof DamagedObject)) throw error;
    // The up-to-date check finds the input missing and reports it.
    handle.warn(error.message);
  } finally {
    claim.release();
  }
}
