/** Build context, shared by the steps of a run: selection, code, and the results so far. */
import type { Cache } from '../cache/cache.js';
import type { RecordedOut, RunRecord } from '../cache/records/record.js';
import type { Emit, ItemDone } from '../event.js';
import type { Item } from '../pipeline/plan.js';
import type { RemoteCache } from '../remote/remote-cache.js';
import type { Codes } from './code.js';
import type { RunOptions } from './options.js';
import type { Project } from './project.js';
import type { Concealing } from './secrets.js';
import type { TempOuts } from './temp-outs.js';

/** The current result of an item, for pipeline.lock. */
export interface Settled {
  readonly key: string;
  readonly outs: readonly RecordedOut[];
}

export interface BuildContext {
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
  /** Absent without a remote cache, and in what runs nothing. */
  readonly remote?: RemoteCache;
  /** Absent in predictions, and where the plan has no temporary outs. */
  readonly temps?: TempOuts;
  /** Of predictions: results of the remote cache, by key. */
  readonly foreseen?: ReadonlyMap<string, RunRecord>;
}

export function itemAt(build: BuildContext, index: number): Item {
  return build.project.plan.items[index] as Item;
}

export function cacheOf(build: BuildContext): Cache {
  return build.project.cache;
}

/** Ends an item; call it once for each. */
export function finish(
  build: BuildContext,
  index: number,
  ended: ItemDone,
  settled?: Settled,
): void {
  if (build.done.has(index)) throw new Error(`${ended.item} ended twice`);
  const done = build.conceal.value(ended);
  build.done.set(index, done);
  if (settled !== undefined) build.settled.set(index, settled);
  build.emit(done);
}

/** Selected items from which this one reads directly. */
export function selectedNeeds(build: BuildContext, index: number): number[] {
  return itemAt(build, index).needs.filter((need) => build.isSelected.has(need));
}

/** The same without `always`, which does not make the last result stale. */
export function neverAlways(build: BuildContext): BuildContext {
  const { project } = build;
  const items = project.plan.items.map((item) => ({ ...item, always: false }));
  return { ...build, project: { ...project, plan: { ...project.plan, items } } };
}
