/** Dry run: gives every selected item the verdict that it would get, and the expected time. */
import { finish } from '../cache/files/yielding.js';
import type { EpochRecord } from '../cache/records/record.js';
import { type BuildContext, handleOf, type ItemHandle, itemAt } from '../decide/build-context.js';
import { type Last, whyAnyway, whyDecided } from '../decide/explain.js';
import { resume, secondsPerEpoch } from '../decide/incremental.js';
import { type MissingDep, missingDeps, refuseMissing } from '../decide/missing.js';
import { areFresh, type Prediction, waitingText } from '../decide/prediction.js';
import type { ItemDone } from '../event.js';
import { refuseBrokenLock } from '../lockfile/up-to-date-note.js';
import { chainKey } from '../manifest.js';
import type { EpochPlan } from '../pipeline/plan.js';
import { foresee } from './foresee.js';

export async function foretell(build: BuildContext): Promise<void> {
  const found = await foresee(build);
  await refuseMissingDeps(build, found);
  refuseBrokenLock(build, areFresh(found));
  for (const [index, outlook] of found) {
    const handle = handleOf(build, index);
    switch (outlook.kind) {
      case 'fresh':
      case 'restore':
        finishKnown(handle, outlook);
        break;
      default: {
        const last = handle.cache.state.readLast(handle.item.id);
        const why =
          outlook.kind === 'unknown'
            ? whyUnknown(handle, outlook, () => last)
            : whyDecided(handle, outlook, () => last);
        handle.finish({ verdict: 'ran', ...why, ...forecast(handle, outlook, last?.seconds) });
      }
    }
  }
}

/** Ends an item whose result is known. */
export function finishKnown(
  handle: ItemHandle,
  outlook: Prediction & { readonly kind: 'fresh' | 'restore' },
): void {
  const { key, record } = outlook;
  const settled = { key, outs: record.outs };
  if (outlook.kind === 'fresh') handle.finish({ verdict: 'fresh', key }, settled);
  else handle.finish({ verdict: 'restored', key, reason: outlook.reason.text }, settled);
}

/** @throws UserError when an item lacks an input that no item makes */
export async function refuseMissingDeps(
  build: BuildContext,
  found: ReadonlyMap<number, Prediction>,
): Promise<void> {
  const missing: MissingDep[] = [];
  for (const [index, outlook] of found) {
    if (outlook.kind === 'missing')
      missing.push(...outlook.deps.map((dep) => ({ item: itemAt(build, index).id, dep })));
    if (outlook.kind !== 'unknown') continue;
    const absent = missingDeps(handleOf(build, index), (need) => isUnmade(found.get(need)));
    missing.push(...(await finish(absent, build.options.interruption.stop)));
  }
  await refuseMissing(build, missing);
}

/** Its outs are not all there. */
function isUnmade(outlook: Prediction | undefined): boolean {
  return outlook?.kind !== 'fresh' || outlook.gone !== undefined;
}

/** For an item with unfinished deps. */
export function whyUnknown(
  handle: ItemHandle,
  { waitsFor }: Prediction & { readonly kind: 'unknown' },
  last?: Last,
): Pick<ItemDone, 'reason' | 'maybe'> {
  const anyway = whyAnyway(handle, last);
  return anyway ? { reason: anyway.text } : { reason: waitingText(waitsFor), maybe: true };
}

/** Expected seconds, from the records; for an incremental stage, of the remaining epochs. */
function forecast(
  { item, cache }: ItemHandle,
  outlook: Prediction,
  last: number | undefined,
): Pick<ItemDone, 'expected' | 'epochs'> {
  if (item.epochs === undefined || outlook.kind !== 'run')
    return last === undefined ? {} : { expected: last };
  const chain = chainKey(outlook.manifest, item.epochs.param);
  return epochForecast(item.epochs, cache.chains.readEpochs(chain), (record) =>
    cache.chains.hasState(record),
  );
}

function epochForecast(
  plan: EpochPlan,
  records: readonly EpochRecord[],
  hasState: (record: EpochRecord) => boolean,
): Pick<ItemDone, 'expected' | 'epochs'> {
  const { completed, target } = resume(plan, records, hasState);
  const epochs = { computed: target - completed, reached: target };
  const each = secondsPerEpoch(records);
  return each === undefined ? { epochs } : { epochs, expected: each * epochs.computed };
}
