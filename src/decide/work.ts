/** Build context, shared by the steps of a run: selection, code, and the results so far. */
import type { Cache } from '../cache/cache.js';
import type { RecordedOut } from '../cache/records/record.js';
import type { Emit, ItemDone } from '../event.js';
import type { Item } from '../pipeline/plan.js';
import type { Codes } from './code.js';
import type { RunOptions } from './options.js';
import type { Project } from './project.js';
import type { Concealing } from './secrets.js';

/** The current result of an item, for pipeline.lock. */
export interface Settled {
  readonly key: string;
  readonly outs: readonly RecordedOut[];
}

export interface Work {
  readonly project: Project;
  readonly options: RunOptions;
  /** Masks secrets in events. */
  readonly emit: Emit;
  readonly conceal: Concealing;
  readonly codes: Codes;
  /** Selected indices into the plan's items, ascending, which is topological order. */
  readonly selected: readonly number[];
  readonly isSelected: ReadonlySet<number>;
  /** The last event of each selected item, by index. */
  readonly done: Map<number, ItemDone>;
  readonly settled: Map<number, Settled>;
}

export function itemAt(work: Work, index: number): Item {
  return work.project.plan.items[index] as Item;
}

export function cacheOf(work: Work): Cache {
  return work.project.cache;
}

/** Ends an item; call it once for each. */
export function finish(work: Work, index: number, ended: ItemDone, settled?: Settled): void {
  if (work.done.has(index)) throw new Error(`${ended.item} ended twice`);
  const done = work.conceal.value(ended);
  work.done.set(index, done);
  if (settled !== undefined) work.settled.set(index, settled);
  work.emit(done);
}

/** Selected items from which this one reads directly. */
export function selectedNeeds(work: Work, index: number): number[] {
  return itemAt(work, index).needs.filter((need) => work.isSelected.has(need));
}

/** The same without `always`, which does not make the last result stale. */
export function neverAlways(work: Work): Work {
  const { project } = work;
  const items = project.plan.items.map((item) => ({ ...item, always: false }));
  return { ...work, project: { ...project, plan: { ...project.plan, items } } };
}
