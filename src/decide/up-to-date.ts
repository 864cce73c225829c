/** Up-to-date check: finds the items that are fresh on disk. Sliced, since a pattern may match many files. */
import type { Cooperative } from '../cache/files/yielding.js';
import type { Result } from '../cache/records/record.js';
import { type BuildContext, handleOf, type ItemHandle, selectedItems } from './build-context.js';
import { debugUndecided, decideIfReadable } from './decide-item.js';
import { ifReadable } from './file-view.js';
import { type MissingDep, missingDeps } from './missing.js';
import type { Decision } from './staleness.js';
import { readersOf } from './temp-outs.js';

export interface Swept {
  /** Indices of the items not known to be fresh, ascending. */
  readonly pending: readonly number[];
  /** Decisions on the pending items that depend on no other pending item, if their inputs are readable. */
  readonly decisions: Map<number, Decision>;
  /** Missing deps that no item will make. */
  readonly missing: readonly MissingDep[];
  /** Fresh items whose temporary outs are gone, and may be needed by pending ones. */
  readonly onDemand: ReadonlyMap<number, Result>;
}

export function* upToDateCheck(build: BuildContext): Cooperative<Swept> {
  const pending: number[] = [];
  const decisions = new Map<number, Decision>();
  const isPending = new Set<number>();
  const missing: MissingDep[] = [];
  const spent = new Map<number, Result>();
  for (const handle of selectedItems(build)) {
    yield undefined;
    const { index, item } = handle;
    // Only selected items are pending.
    if (item.needs.some((need) => isPending.has(need))) {
      const absent = yield* ifReadable(
        missingDeps(handle, (need) => isPending.has(need) || spent.has(need)),
      );
      missing.push(...(absent ?? []));
      debugUndecided(handle, 'an item that it depends on is not fresh');
      pending.push(index);
      isPending.add(index);
      continue;
    }
    const decision = yield* decideIfReadable(handle);
    if (decision?.kind === 'fresh') {
      build.temps?.lay(decision);
      if (decision.gone === undefined) finishFresh(handle, decision.record);
      else spent.set(index, decision.record);
      continue;
    }
    if (decision?.kind === 'missing') {
      // All needed items have their final outs, or will not run (--only).
      missing.push(...decision.deps.map((dep) => ({ item: item.id, dep })));
    }
    if (decision !== undefined) decisions.set(index, decision);
    pending.push(index);
    isPending.add(index);
  }
  return { pending, decisions, missing, onDemand: demandable(build, spent, isPending) };
}

/** Among items whose temporary outs are gone, those with a reader that may run. The others are fresh. */
function demandable(
  build: BuildContext,
  spent: ReadonlyMap<number, Result>,
  isPending: ReadonlySet<number>,
): ReadonlyMap<number, Result> {
  const found = new Map<number, Result>();
  for (const [index, record] of [...spent].reverse()) {
    const readers = readersOf(build.project.plan, index);
    if (readers.some((each) => isPending.has(each) || found.has(each))) found.set(index, record);
    else finishFresh(handleOf(build, index), record);
  }
  return found;
}

export function finishFresh(handle: ItemHandle, { key, outs }: Result): void {
  handle.finish({ verdict: 'fresh', key }, { key, outs });
}
