/** Dry run: gives every selected item the verdict that it would get, and the expected time. */
import { finish as finishSliced } from '../cache/files/pace.js';
import type { EpochRecord } from '../cache/records/record.js';
import { absentDeps } from '../decide/absent.js';
import { explain, whyAnyway, whyOf } from '../decide/explain.js';
import { resume, secondsPerEpoch } from '../decide/incremental.js';
import { type MissingDep, refuseMissing } from '../decide/missing.js';
import { type Outlook, outlooks, waitingText } from '../decide/outlook.js';
import { cacheOf, finish, itemAt, type Work } from '../decide/work.js';
import type { ItemDone, Why } from '../event.js';
import { chainManifest, keyOf } from '../manifest.js';
import type { EpochPlan, Item } from '../pipeline/plan.js';

export async function foretell(work: Work): Promise<void> {
  const found = await outlooks(work);
  await refuseMissingDeps(work, found);
  for (const [index, outlook] of found) {
    const item = itemAt(work, index);
    const base = { type: 'item', item: item.id } as const;
    switch (outlook.kind) {
      case 'fresh':
      case 'restore': {
        const { key, record } = outlook;
        const verdict = outlook.kind === 'fresh' ? 'fresh' : 'restored';
        const reason = outlook.kind === 'fresh' ? {} : { reason: outlook.reason.text };
        finish(work, index, { ...base, verdict, key, ...reason }, { key, outs: record.outs });
        break;
      }
      default:
        finish(work, index, {
          ...base,
          verdict: 'ran',
          ...whyItWouldRun(work, index, outlook),
          ...forecast(work, item, outlook),
        });
    }
  }
}

/** @throws UserError when an item lacks an input that no item makes */
export async function refuseMissingDeps(
  work: Work,
  found: ReadonlyMap<number, Outlook>,
): Promise<void> {
  const missing: MissingDep[] = [];
  for (const [index, outlook] of found) {
    if (outlook.kind === 'missing')
      missing.push(...outlook.deps.map((dep) => ({ item: itemAt(work, index).id, dep })));
    if (outlook.kind !== 'unknown') continue;
    const absent = absentDeps(work, index, (need) => found.get(need)?.kind !== 'fresh');
    missing.push(...(await finishSliced(absent, work.options.interruption.stop)));
  }
  await refuseMissing(work, missing);
}

/** Of an item with unfinished deps. */
export function whyUnknown(
  { project, options }: Work,
  index: number,
  { waitsFor }: Outlook & { readonly kind: 'unknown' },
): Pick<ItemDone, 'reason' | 'maybe'> {
  const anyway = whyAnyway(project, project.plan.items[index] as Item, options.force);
  return anyway ? { reason: anyway.text } : { reason: waitingText(waitsFor), maybe: true };
}

function whyItWouldRun(work: Work, index: number, outlook: Outlook): Partial<Why> {
  if (outlook.kind === 'unknown') return whyUnknown(work, index, outlook);
  const reasons = explain(work.project, itemAt(work, index), work.codes.of(index), outlook);
  return whyOf(reasons.map(({ text }) => text));
}

/** Expected seconds, by the records; for an incremental stage, of the remaining epochs. */
function forecast(work: Work, item: Item, outlook: Outlook): Pick<ItemDone, 'expected' | 'epochs'> {
  const last = cacheOf(work).readLast(item.id)?.seconds;
  if (item.epochs === undefined || outlook.kind !== 'run')
    return last === undefined ? {} : { expected: last };
  const chain = keyOf(chainManifest(outlook.manifest, item.epochs.param));
  return epochForecast(item.epochs, cacheOf(work).readEpochs(chain), (record) =>
    cacheOf(work).hasState(record),
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
