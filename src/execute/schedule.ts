/**
 * Scheduler: starts a pending item as soon as its upstream items are done and its resources are free.
 *
 *     pending ── all upstream done ──▶ ready ── resources free ──▶ started ──▶ ran, restored, fresh
 *        │                               │                            └─────▶ failed
 *        ├── an upstream item failed ────┼──▶ blocked
 *        └── the run stops ──────────────┴──▶ cancelled
 */
import { finish, isStopOf } from '../cache/files/yielding.js';
import {
  type BuildContext,
  handleOf,
  type ItemHandle,
  itemAt,
  type Settled,
} from '../decide/build-context.js';
import { decideIfReadable } from '../decide/decide-item.js';
import { excess } from '../decide/excess.js';
import { predict } from '../decide/prediction.js';
import type { Decision } from '../decide/staleness.js';
import { absentMakers } from '../decide/temp-outs.js';
import { finishFresh, type Swept } from '../decide/up-to-date.js';
import type { ItemDone } from '../event.js';
import { addTo } from '../lists.js';
import type { Resources } from '../pipeline/plan.js';
import { type Machine, thisMachine } from '../process/machine.js';
import type { Elsewhere } from './elsewhere.js';
import { criticalPaths } from './priority.js';
import { createJobQueue, type JobQueue } from './ready-queue.js';
import { capacityOf, refuseTooManyGpus } from './resources.js';
import { type Ended, expectFromRemote, runItem } from './run-item.js';
import { layRemoved, removeSpent } from './spent-temps.js';

type Todo = Omit<Swept, 'missing'>;

/**
 * Runs or restores the pending items, and ends each of them with its verdict.
 *
 * @throws UserError before anything changes when an item that must run cannot run here
 */
export async function schedule(
  build: BuildContext,
  swept: Todo,
  elsewhere?: Elsewhere,
): Promise<void> {
  const here = swept.pending.filter((index) => !elsewhere?.takes(index));
  await refuseUnrunnable(build, here);
  const machine = thisMachine(build.project.env);
  const queue = await createJobQueue(await capacityOf(build, here, machine));
  await new Schedule(build, swept, { machine, queue, elsewhere }).run();
}

/** It is not known yet whether the dependents of an unfinished item have to run. */
async function refuseUnrunnable(build: BuildContext, pending: readonly number[]): Promise<void> {
  if (pending.every((index) => itemAt(build, index).resources.gpu < 2)) return;
  const found = await predict(build);
  await refuseTooManyGpus(
    build,
    pending.filter((index) => found.get(index)?.kind === 'run'),
  );
}

/** Resources for restoring outs, whatever the stage needs. */
const FOR_RESTORING: Resources = { cpu: 1, memory: 0, gpu: 0 };

/** What an item that runs elsewhere uses of this machine. */
const NOTHING: Resources = { cpu: 0, memory: 0, gpu: 0 };

/**
 * Limit of attempts to make an item's temporary inputs: each time, another run removed them before
 * it could start.
 */
const MOST_TIMES = 5;

/** Why nothing new starts. */
type Stop = { readonly cause: 'interrupted' } | { readonly cause: 'failed'; readonly item: string };

/** What is known before the first item starts. */
interface Means {
  readonly machine: Machine;
  readonly queue: JobQueue;
  /** For items that run on other machines. */
  readonly elsewhere: Elsewhere | undefined;
}

class Schedule {
  readonly #build: BuildContext;
  readonly #pending: Set<number>;
  readonly #swept: Todo;
  readonly #means: Means;
  /** How often the temporary inputs of an item were made again. */
  readonly #asked = new Map<number, number>();
  /** Items that make their temporary outs again. */
  readonly #making = new Set<number>();
  readonly #priorities: ReadonlyMap<number, number>;
  /** Number of pending items that an item waits for. */
  readonly #waitingFor = new Map<number, number>();
  readonly #dependents = new Map<number, number[]>();
  /** Stages with a warning already, to warn once. */
  readonly #warned = new Set<string>();
  #stop: Stop | undefined;
  /** A bug, not a failure: it ends the run. */
  #bug: unknown;

  constructor(build: BuildContext, swept: Todo, means: Means) {
    const { pending } = swept;
    this.#build = build;
    this.#pending = new Set(pending);
    this.#swept = swept;
    this.#means = means;
    for (const index of pending) {
      const needs = handleOf(build, index).needs.filter((need) => this.#pending.has(need));
      this.#waitingFor.set(index, needs.length);
      for (const need of needs) addTo(this.#dependents, need, index);
    }
    this.#priorities = criticalPaths(build, pending, this.#dependents);
  }

  async run(): Promise<void> {
    const signal = this.#build.options.interruption.stop;
    const interrupt = () => {
      this.#stop ??= { cause: 'interrupted' };
    };
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    const first = [...this.#pending].filter((index) => this.#waitingFor.get(index) === 0);
    await this.#ready(first).catch((error: unknown) => this.#broken(error));
    await this.#means.queue.onIdle();
    signal.removeEventListener('abort', interrupt);
    if (this.#bug !== undefined) throw this.#bug;
    for (const [index, record] of this.#swept.onDemand)
      if (!this.#build.done.has(index) && !this.#making.has(index))
        finishFresh(handleOf(this.#build, index), record);
    for (const index of this.#pending) {
      if (!this.#build.done.has(index)) this.#cancel(index);
    }
  }

  /**
   * All upstream items are done, so the keys are known. Fresh items (early cutoff) end immediately
   * and release others; the rest wait for resources.
   */
  async #ready(indices: readonly number[]): Promise<void> {
    const ready = [...indices];
    for (let index = ready.shift(); index !== undefined; index = ready.shift()) {
      if (this.#build.done.has(index) && !this.#making.has(index)) continue;
      if (this.#stop?.cause === 'interrupted') return;
      const handle = handleOf(this.#build, index);
      const { item } = handle;
      const decision = await this.#decide(handle);
      if (decision === 'interrupted') return;
      if (decision?.kind === 'fresh') {
        const { key, record } = decision;
        handle.cache.use(key);
        this.#build.temps?.lay(decision);
        this.#making.delete(index);
        if (!this.#build.done.has(index)) finishFresh(handle, record);
        await removeSpent(this.#build, item.needs, this.#making);
        ready.push(...this.#released(index));
      } else if (!this.#mayComeWithout(decision) && this.#waitsForTemps(index, ready)) {
        // The item returns here when they are made.
      } else if (decision === undefined || decision.kind === 'restore') {
        this.#enqueue(index, FOR_RESTORING);
      } else if (decision.kind === 'run' && this.#means.elsewhere?.takes(index)) {
        this.#enqueue(index, NOTHING, this.#means.elsewhere.run);
      } else {
        if (decision.kind === 'run') expectFromRemote(handle, decision);
        this.#warnOfExcess(handle);
        this.#enqueue(index, item.resources);
      }
    }
  }

  /** The decision of the up-to-date check holds once: only a later one sees what has run since. */
  async #decide(handle: ItemHandle): Promise<Decision | 'interrupted' | undefined> {
    const { decisions } = this.#swept;
    const known = decisions.get(handle.index);
    if (decisions.delete(handle.index)) return known;
    const { stop } = this.#build.options.interruption;
    try {
      const decision = await finish(decideIfReadable(handle), stop);
      const isOpen = decision?.kind === 'missing' && (await layRemoved(handle));
      return isOpen ? await finish(decideIfReadable(handle), stop) : decision;
    } catch (error) {
      if (isStopOf(stop, error)) return 'interrupted';
      throw error;
    }
  }

  #warnOfExcess(handle: ItemHandle): void {
    const { item, build } = handle;
    const message = excess(item, this.#means.machine, build.options.concurrency);
    if (message === undefined || this.#warned.has(item.stage)) return;
    this.#warned.add(item.stage);
    handle.warn(message);
  }

  #enqueue(index: number, need: Resources, run = this.#runHere): void {
    const { id } = itemAt(this.#build, index);
    void this.#means.queue
      .add(() => this.#start(index, run), { priority: this.#priorities.get(index) ?? 0, need })
      .catch((error: unknown) => this.#broken(error, id));
  }

  #broken(error: unknown, item = 'pipe'): void {
    this.#bug ??= error;
    this.#stop ??= { cause: 'failed', item };
  }

  readonly #runHere = (index: number): Promise<Ended> => runItem(handleOf(this.#build, index));

  async #start(index: number, run: Elsewhere['run']): Promise<void> {
    if (this.#stop !== undefined) return;
    const { done, settled } = await run(index);
    const again: number[] = [];
    // Another run may have removed temporary outs meanwhile.
    if (done.verdict === 'failed' && done.key === undefined && this.#waitsForTemps(index, again))
      return await this.#ready(again);
    await this.#ended(index, done, settled);
  }

  /** True for an item that may end without a process, because the remote cache may have its result. */
  #mayComeWithout(decision: Decision | undefined): boolean {
    return decision?.kind === 'restore' || (decision?.kind === 'run' && !!this.#build.remote);
  }

  /** True if temporary outs that it reads are gone. The items that make them are then ready or running. */
  #waitsForTemps(index: number, ready: number[]): boolean {
    const { temps, project, isSelected } = this.#build;
    if (temps === undefined) return false;
    const makers = absentMakers(project, index).filter((maker) => isSelected.has(maker));
    const times = (this.#asked.get(index) ?? 0) + 1;
    if (makers.length === 0 || times > MOST_TIMES) return false;
    this.#asked.set(index, times);
    this.#waitingFor.set(index, makers.length);
    for (const maker of makers) {
      const { id } = itemAt(this.#build, index);
      addTo(this.#dependents, maker, index);
      if (this.#making.has(maker)) continue;
      temps.want(maker, itemAt(this.#build, maker), id);
      this.#making.add(maker);
      this.#pending.add(maker);
      ready.push(maker);
    }
    return true;
  }

  async #ended(index: number, done: ItemDone, settled: Settled | undefined): Promise<void> {
    this.#making.delete(index);
    if (!this.#build.done.has(index)) handleOf(this.#build, index).finish(done, settled);
    else if (settled !== undefined) {
      // The item's temporary outs were made again, for a reader that found them removed by another
      // run.
      this.#build.settled.set(index, settled);
      this.#build.done.set(index, this.#build.conceal.value(done));
    }
    if (done.verdict === 'blocked')
      this.#block(index, `needs ${done.item}, which is not available`);
    else if (done.verdict === 'failed') {
      this.#block(index, `needs ${done.item}, which failed`);
      if (!this.#build.options.keepGoing) this.#stop ??= { cause: 'failed', item: done.item };
    } else if (done.verdict !== 'cancelled') {
      await removeSpent(this.#build, itemAt(this.#build, index).needs, this.#making);
      await this.#ready(this.#released(index));
    }
  }

  /** Dependents that waited only for this item. */
  #released(index: number): number[] {
    return (this.#dependents.get(index) ?? []).filter((dependent) => {
      const left = (this.#waitingFor.get(dependent) ?? 0) - 1;
      this.#waitingFor.set(dependent, left);
      return left === 0;
    });
  }

  /** Blocks all direct and indirect dependents of an item without a result. */
  #block(index: number, reason: string): void {
    for (const dependent of this.#dependents.get(index) ?? []) {
      if (this.#build.done.has(dependent)) continue;
      handleOf(this.#build, dependent).finish({ verdict: 'blocked', reason });
      this.#block(dependent, reason);
    }
  }

  #cancel(index: number): void {
    const stop = this.#stop;
    const reason =
      stop?.cause === 'failed' ? `not started, because ${stop.item} failed` : 'interrupted';
    handleOf(this.#build, index).finish({ verdict: 'cancelled', reason });
  }
}
