/** Up-to-date check: finds the items that are fresh on disk. Sliced, since a pattern may match many files. */
import type { Cooperative } from '../cache/files/yielding.js';
import { absentDeps } from './absent.js';
import { type BuildContext, selectedItems } from './build-context.js';
import { debugUndecided, decideIfReadable } from './decide-item.js';
import { ifReadable } from './file-view.js';
import type { MissingDep } from './missing.js';

interface Swept {
  /** Indices of the items not known to be fresh, ascending. */
  readonly pending: readonly number[];
  /** Missing deps that no item will make. */
  readonly missing: readonly MissingDep[];
}

export function* upToDateCheck(build: BuildContext): Cooperative<Swept> {
  const pending: number[] = [];
  const isPending = new Set<number>();
  const missing: MissingDep[] = [];
  for (const handle of selectedItems(build)) {
    yield undefined;
    const { index, item } = handle;
    if (handle.needs.some((need) => isPending.has(need))) {
      const absent = yield* ifReadable(absentDeps(handle, (need) => isPending.has(need)));
      missing.push(...(absent ?? []));
      debugUndecided(handle, 'an item that it depends on is not fresh');
      pending.push(index);
      isPending.add(index);
      continue;
    }
    const decision = yield* decideIfReadable(handle);
    if (decision?.kind === 'fresh') {
      const { key, record } = decision;
      handle.finish({ verdict: 'fresh', key }, { key, outs: record.outs });
      continue;
    }
    if (decision?.kind === 'missing') {
      // All needs have their final outs, or will not run (--only).
      missing.push(...decision.deps.map((dep) => ({ item: item.id, dep })));
    }
    pending.push(index);
    isPending.add(index);
  }
  return { pending, missing };
}
