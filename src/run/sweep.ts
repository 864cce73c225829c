/** The first look: which items are fresh as things lie. Synchronous, since most runs have nothing to do. */
import { decide } from './decide.js';
import type { MissingDep } from './missing.js';
import { finish, itemAt, selectedNeeds, type Work } from './work.js';

export interface Swept {
  /** Indices of the items that are not known to be fresh, ascending. */
  readonly pending: readonly number[];
  /** Deps that no item makes and that are not there. */
  readonly missing: readonly MissingDep[];
}

export function sweep(work: Work): Swept {
  const pending: number[] = [];
  const isPending = new Set<number>();
  const missing: MissingDep[] = [];
  for (const index of work.selected) {
    const item = itemAt(work, index);
    if (selectedNeeds(work, index).some((need) => isPending.has(need))) {
      missing.push(...absentSources(work, index));
      pending.push(index);
      isPending.add(index);
      continue;
    }
    const decision = decide(item, work.codes.of(index), work.project, work.options.force);
    if (decision.kind === 'fresh') {
      const { key, record } = decision;
      finish(
        work,
        index,
        { type: 'item', item: item.id, verdict: 'fresh', key },
        { key, outs: record.outs },
      );
      continue;
    }
    if (decision.kind === 'missing') {
      // With --only an upstream stage will not make it either.
      for (const dep of decision.deps) {
        if (!dep.made || selectedNeeds(work, index).length === 0)
          missing.push({ item: item.id, dep });
      }
    }
    pending.push(index);
    isPending.add(index);
  }
  return { pending, missing };
}

/** An item that waits for others can miss a file of the user's all the same: said before hours are spent. */
function absentSources(work: Work, index: number): MissingDep[] {
  const { cache } = work.project;
  const item = itemAt(work, index);
  return item.deps
    .filter(
      (dep) => !dep.made && !dep.glob && cache.scanSync(dep.path, { follow: true }) === undefined,
    )
    .map((dep) => ({ item: item.id, dep }));
}
