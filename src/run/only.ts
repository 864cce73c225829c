/** `--only`: runs the targets on existing inputs, warns about stale ones, and restores missing ones. */
import { DamagedObject } from '../cache/cache.js';
import type { RecordedOut } from '../cache/records/record.js';
import { explain } from '../decide/explain.js';
import { claimItem } from '../decide/locks.js';
import { type Outlook, outlooks } from '../decide/outlook.js';
import { cacheOf, itemAt, type Work } from '../decide/work.js';

/**
 * Warns of each stale upstream item, and restores missing inputs: from today's record, or, when that
 * is unknown, from the item's last result.
 *
 * @param whole the same run without `--only`, for comparison
 */
export async function readyInputs(work: Work, whole: Work): Promise<void> {
  const found = await outlooks(whole);
  for (const index of work.selected) {
    for (const need of itemAt(work, index).needs) {
      if (work.isSelected.has(need)) continue;
      const outlook = found.get(need);
      if (outlook === undefined) continue;
      await putMissingBack(work, need, outlook);
      warnIfStale(work, whole, index, need, outlook);
    }
  }
}

function warnIfStale(work: Work, whole: Work, index: number, need: number, outlook: Outlook): void {
  if (outlook.kind === 'fresh' || outlook.kind === 'restore') return;
  const item = itemAt(work, need);
  // A missing out is not used: the up-to-date check reports it.
  if (item.outs.some((out) => cacheOf(work).scanSync(out.path) === undefined)) return;
  const reason =
    outlook.kind === 'unknown'
      ? `${outlook.waitsFor.join(', ')} must run before it`
      : explain(work.project, item, whole.codes.of(need), outlook)[0]?.text;
  const message = `${item.id} is stale (${reason}): its outs are used as they are`;
  work.emit({ type: 'warning', item: itemAt(work, index).id, message });
}

async function putMissingBack(work: Work, need: number, outlook: Outlook): Promise<void> {
  const item = itemAt(work, need);
  const cache = cacheOf(work);
  const missing = item.outs.filter((out) => cache.scanSync(out.path) === undefined);
  if (missing.length === 0) return;
  const stored: readonly RecordedOut[] =
    outlook.kind === 'restore' ? outlook.record.outs : (cache.readLast(item.id)?.outs ?? []);
  const claim = await claimItem(work, item);
  try {
    for (const out of missing) {
      const found = stored.find((each) => each.name === out.name);
      if (found === undefined || !cache.hasAll(found.digest)) continue;
      await cache.restore(found, out.path);
      cache.forget(out.path);
    }
  } catch (error) {
    if (!(error instanceof DamagedObject)) throw error;
    // The up-to-date check finds the input missing and reports it.
    work.emit({ type: 'warning', item: item.id, message: error.message });
  } finally {
    claim.release();
  }
}
