/** Items whose definition differs from pipeline.lock, which is known without executing anything. */

import { type BuildContext, handleOf, type ItemHandle, itemAt } from '../decide/build-context.js';
import type { Prediction } from '../decide/prediction.js';
import { type LockSection, lockNameOf } from '../lockfile/format/sections.js';
import { inShort, reasonsAgainst } from '../lockfile/lock-reasons.js';

/** How an item's key differs from the locked one, and the item that causes it. */
interface Cause {
  readonly item: string;
  readonly reasons: string;
}

/** Reasons by index. An item downstream of a changed definition has different deps from those in the lock. */
export function mismatches(
  build: BuildContext,
  found: ReadonlyMap<number, Prediction>,
  section: LockSection,
): Map<number, string> {
  const causes = new Map<number, Cause>();
  // In plan order, so upstream items come first.
  for (const [index, outlook] of found) {
    const cause = causeOf(handleOf(build, index), outlook, section, causes);
    if (cause !== undefined) causes.set(index, cause);
  }
  return new Map(
    [...causes].map(([index, cause]) => [
      index,
      textOf(itemAt(build, index).id, cause, lockNameOf(build.project)),
    ]),
  );
}

function causeOf(
  handle: ItemHandle,
  outlook: Prediction,
  section: LockSection,
  causes: ReadonlyMap<number, Cause>,
): Cause | undefined {
  const { item } = handle;
  const block = section.get(item.id);
  if (block === undefined || outlook.kind === 'missing') return undefined;
  if (outlook.kind === 'unknown') {
    const need = handle.needs.find((each) => causes.has(each));
    return need === undefined ? undefined : causes.get(need);
  }
  if (block.key === outlook.key) return undefined;
  const manifest = outlook.kind === 'run' ? outlook.manifest : outlook.record.manifest;
  const reasons = reasonsAgainst(handle, block, manifest);
  return { item: item.id, reasons: inShort(reasons) };
}

function textOf(item: string, cause: Cause, lock: string): string {
  if (cause.item === item) return `${lock} has a different definition: ${cause.reasons}`;
  return `${lock} has different deps: ${cause.item} would run (${cause.reasons})`;
}
