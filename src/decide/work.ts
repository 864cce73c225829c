/** What one run works on, shared by its steps: the selection, the code, what has been settled so far. */
import type { Cache } from '../cache/cache.js';
import type { RecordedOut } from '../cache/records/record.js';
import type { Emit, ItemDone } from '../event.js';
import type { Item } from '../pipeline/plan.js';
import type { Codes } from './code.js';
import type { RunOptions } from './options.js';
import type { Project } from './project.js';
import type { Concealing } from './secrets.js';

/** The result that an item has now: what pipeline.lock holds of it. */
export interface Settled {
  readonly key: string;
  readonly outs: readonly RecordedOut[];
}

export interface Work {
  readonly project: Project;
  readonly options: RunOptions;
  /** Secrets in its events are masked. */
  readonly emit: Emit;
  readonly conceal: Concealing;
  readonly codes: Codes;
  /** Selected indices into the plan's items, ascending: the plan is in topological order. */
  readonly selected: readonly number[];
  readonly isSelected: ReadonlySet<number>;
  /** How each selected item ended, by index. */
  readonly done: Map<number, ItemDone>;
  readonly settled: Map<number, Settled>;
}

export function itemAt(work: Work, index: number): Item {
  return work.project.plan.items[index] as Item;
}

export function cacheOf(work: Work): Cache {
  return work.project.cache;
}

/** Every item ends through here, once. */
export function finish(work: Work, index: number, ended: ItemDone, settled?: Settled): void {
  if (work.done.has(index)) throw new Error(`${ended.item} ended twice`);
  const done = work.conceal.value(ended);
  work.done.set(index, done);
  if (settled !== undefined) work.settled.set(index, settled);
  work.emit(done);
}

/** Items of the selection that this one reads from, directly. */
export function selectedNeeds(work: Work, index: number): number[] {
  return itemAt(work, index).needs.filter((need) => work.isSelected.has(need));
}

/** The same without `always`: that a stage asks to run each time says nothing against its last result. */
export function neverAlways(work: Work): Work {
  const { project } = work;
  const items = project.plan.items.map((item) => ({ ...item, always: false }));
  return { ...work, project: { ...project, plan: { ...project.plan, items } } };
}
