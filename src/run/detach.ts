/** `--detach`: submits the jobs of all items that may have to run, in dependency order, and exits. */
import { type BuildContext, handleOf } from '../decide/build-context.js';
import { missingAfterAll } from '../decide/missing.js';
import { type Prediction, predict } from '../decide/prediction.js';
import { userError } from '../error.js';
import type { ItemDone, Verdict } from '../event.js';
import type { Elsewhere, Submitted } from '../execute/elsewhere.js';
import { type Ended, runItem } from '../execute/run-item.js';
import { schedule } from '../execute/schedule.js';

const LATER = 'left for the next `pipe run`';

/** There is a result, or a job that will make one. */
const HAS_RESULT: ReadonlySet<Verdict> = new Set(['ran', 'restored', 'fresh', 'submitted']);

type Undone = Pick<ItemDone, 'verdict' | 'reason' | 'failure'>;

/** @throws UserError when no item runs on an executor, or its jobs cannot wait for each other */
export async function detach(
  build: BuildContext,
  pending: readonly number[],
  elsewhere: Elsewhere | undefined,
): Promise<void> {
  if (elsewhere === undefined)
    throw userError(
      'nothing-to-detach',
      '--detach has no job to submit: all items that are not fresh run on this machine',
      'choose an executor: --executor slurm',
    );
  elsewhere.refuseUnordered();
  const first = beforeJobs(build, pending, elsewhere);
  if (first.length > 0)
    await schedule(build, { pending: first, decisions: new Map(), onDemand: new Map() });
  await new Detaching(build, pending, elsewhere).run();
}

/** The items that run on this machine and need no item with a job. */
function beforeJobs(
  build: BuildContext,
  pending: readonly number[],
  elsewhere: Elsewhere,
): readonly number[] {
  const behind = new Set<number>();
  for (const index of pending)
    if (elsewhere.takes(index) || handleOf(build, index).needs.some((need) => behind.has(need)))
      behind.add(index);
  return pending.filter((index) => !behind.has(index));
}

class Detaching {
  readonly #build: BuildContext;
  readonly #pending: readonly number[];
  readonly #elsewhere: Elsewhere;
  /** The items that a job executes, by index. */
  readonly #jobs = new Map<number, Submitted>();

  constructor(build: BuildContext, pending: readonly number[], elsewhere: Elsewhere) {
    this.#build = build;
    this.#pending = pending;
    this.#elsewhere = elsewhere;
  }

  /** Level by level, so that the items of a matrix become one array. */
  async run(): Promise<void> {
    const found = await predict(this.#build);
    const open = new Set(this.#pending.filter((index) => !this.#build.done.has(index)));
    while (open.size > 0) {
      const next = [...open].filter((index) => !this.#needs(index).some((need) => open.has(need)));
      await Promise.all(next.map((index) => this.#end(index, found.get(index) as Prediction)));
      for (const index of next) open.delete(index);
    }
  }

  async #end(index: number, outlook: Prediction): Promise<void> {
    const reason = this.#whyNot(index, outlook);
    if (reason !== undefined) this.#finish(index, reason);
    else if (outlook.kind === 'fresh' || outlook.kind === 'restore')
      this.#take(index, await runItem(handleOf(this.#build, index)));
    else {
      const after = this.#needs(index).flatMap((need) => this.#jobs.get(need) ?? []);
      const key = outlook.kind === 'run' ? outlook.key : undefined;
      this.#take(index, await this.#elsewhere.submit(index, { key, after }));
    }
  }

  /** Undefined for an item that can be restored or submitted. */
  #whyNot(index: number, outlook: Prediction): Undone | undefined {
    const { done, options } = this.#build;
    const needed = this.#needs(index).flatMap((need) => done.get(need) ?? []);
    const without = needed.find(({ verdict }) => !HAS_RESULT.has(verdict));
    if (without?.verdict === 'cancelled')
      return { verdict: 'cancelled', reason: `${LATER}: it needs ${without.item}` };
    if (without !== undefined)
      return { verdict: 'blocked', reason: `needs ${without.item}, which failed` };
    if (options.interruption.stop.aborted) return { verdict: 'cancelled', reason: 'interrupted' };
    const failed = [...done.values()].find(({ verdict }) => verdict === 'failed');
    if (failed !== undefined && !options.keepGoing)
      return { verdict: 'cancelled', reason: `not started, because ${failed.item} failed` };
    if (outlook.kind === 'missing') {
      const message = outlook.deps.map(missingAfterAll).join('\n');
      return { verdict: 'failed', failure: { message, command: '', tail: [] } };
    }
    const isHere = outlook.kind === 'fresh' || outlook.kind === 'restore';
    if (isHere || this.#elsewhere.takes(index)) return undefined;
    return { verdict: 'cancelled', reason: `${LATER}: it runs on this machine` };
  }

  #take(index: number, taken: Ended | Submitted | undefined): void {
    if (taken === undefined) {
      const reason = `${LATER}: as many jobs are submitted as the site allows`;
      this.#finish(index, { verdict: 'cancelled', reason });
    } else if ('done' in taken) handleOf(this.#build, index).finish(taken.done, taken.settled);
    else {
      const ids = this.#needs(index).flatMap((need) => this.#jobs.get(need)?.id ?? []);
      const after = ids.length === 0 ? '' : `, after ${ids.join(', ')}`;
      this.#jobs.set(index, taken);
      this.#finish(index, { verdict: 'submitted', reason: `${taken.text}${after}` });
    }
  }

  #needs(index: number): number[] {
    return handleOf(this.#build, index).needs;
  }

  #finish(index: number, how: Undone): void {
    handleOf(this.#build, index).finish(how);
  }
}
