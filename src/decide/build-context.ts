/** Build context, shared by the steps of a run: selection, code, and the results so far. */
import type { Cache } from '../cache/cache.js';
import type { RecordedOut, RunRecord } from '../cache/records/record.js';
import type { Emit, ItemDone } from '../event.js';
import type { Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import type { RemoteCache } from '../remote/remote-cache.js';
import type { Code, Codes } from './code.js';
import type { RunOptions } from './options.js';
import type { Project } from './project.js';
import type { Reason } from './reasons.js';
import type { Concealing } from './secrets.js';
import type { Decision } from './staleness.js';
import type { TempOuts } from './temp-outs.js';

/** The current result of an item, for pipeline.lock. */
export interface Settled {
  readonly key: string;
  readonly outs: readonly RecordedOut[];
}

/** A result of the item that pipeline.lock names: it may have been computed elsewhere. */
export interface LockedResult {
  readonly key: string;
  /** How the item with this manifest differs from it. */
  differencesTo(manifest: Manifest): Reason[];
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
  /** Absent without a remote cache, and in commands that run nothing. */
  readonly remote?: RemoteCache;
  /** Absent in predictions, and where the plan has no temporary outs. */
  readonly temps?: TempOuts;
  /** For predictions: results of the remote cache, by key. */
  readonly foreseen?: ReadonlyMap<string, RunRecord>;
  /** The item's result in pipeline.lock, for reasons. Absent where reasons do not matter. */
  readonly locked?: (handle: ItemHandle) => LockedResult | undefined;
  /** For PIPE_DEBUG. */
  readonly onDecision?: (handle: ItemHandle, decision: Decision) => void;
}

export function itemAt(build: BuildContext, index: number): Item {
  return build.project.plan.items[index] as Item;
}

/** An item of a build: its definition, and what the build knows about it. */
export class ItemHandle {
  readonly build: BuildContext;
  /** The index in the plan's items. */
  readonly index: number;
  readonly item: Item;

  constructor(build: BuildContext, index: number) {
    this.build = build;
    this.index = index;
    this.item = itemAt(build, index);
  }

  get cache(): Cache {
    return this.build.project.cache;
  }

  get code(): Code {
    return this.build.codes.of(this.index);
  }

  /** Selected items from which this one reads directly. */
  get needs(): number[] {
    return this.item.needs.filter((need) => this.build.isSelected.has(need));
  }

  /** Ends the item; call it once. */
  finish(ended: Omit<ItemDone, 'type' | 'item'>, settled?: Settled): void {
    const { build, index, item } = this;
    if (build.done.has(index)) throw new Error(`${item.id} ended twice`);
    const done = build.conceal.value<ItemDone>({ type: 'item', item: item.id, ...ended });
    build.done.set(index, done);
    if (settled !== undefined) build.settled.set(index, settled);
    build.emit(done);
  }

  warn(message: string): void {
    this.build.emit({ type: 'warning', item: this.item.id, message });
  }
}

export function handleOf(build: BuildContext, index: number): ItemHandle {
  return new ItemHandle(build, index);
}

/** Handles of the selected items, in topological order. */
export function selectedItems(build: BuildContext): ItemHandle[] {
  return build.selected.map((index) => handleOf(build, index));
}

/** The same without `always`, which does not make the last result stale. */
export function neverAlways(build: BuildContext): BuildContext {
  const { project } = build;
  const items = project.plan.items.map((item) => ({ ...item, always: false }));
  return { ...build, project: { ...project, plan: { ...project.plan, items } } };
}
