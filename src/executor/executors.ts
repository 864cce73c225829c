/** The executors of a run: opens the executors that its items name, and submits each item to its own. */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type BuildContext, itemAt } from '../decide/build-context.js';
import { homesOf } from '../decide/lock-home.js';
import { UserError, userError } from '../error.js';
import type { Elsewhere, Submitted, Wanted } from '../execute/elsewhere.js';
import type { Ended } from '../execute/run-item.js';
import { placesOf } from '../pipeline/places.js';
import type { Item } from '../pipeline/plan.js';
import { acquireLock } from '../process/file-lock.js';
import { describeOwner } from '../process/lock-owner.js';
import { type Limit, limitOf } from '../remote/concurrency.js';
import { isProgram } from '../sys/is-program.js';
import { executorOf, LOCAL } from './choice.js';
import { type Job, JobFiles } from './job-file.js';
import { Queue } from './job-queue.js';
import { type JobMeans, JobRun } from './job-run.js';
import { type JobState, Refused, type Scheduler, Unanswered } from './scheduler.js';
import { isBeingSubmitted } from './scheduler-programs.js';
import { schedulerOf } from './schedulers.js';
import { readSite, type Site } from './site.js';
import { jobLock, outputFile, submissionOf, sweepSubmissions } from './submissions.js';
import { type Placed, Submitter } from './submitter.js';
import { openUnshared } from './unshared.js';

/** @throws UserError for an unknown executor, and for mistakes in pipe.local.yaml */
export function openExecutors(build: BuildContext, pending: readonly number[]): Elsewhere {
  const site = readSite(build.project);
  const opened = new Map<string, Executor>();
  for (const index of pending) {
    const item = itemAt(build, index);
    const name = executorOf(build, item);
    if (name === LOCAL || opened.has(name)) continue;
    opened.set(name, new Executor(build, name, schedulerFor(build, item, name, site), site));
  }
  const of = (index: number) => opened.get(executorOf(build, itemAt(build, index)));
  return {
    takes: (index) => of(index) !== undefined,
    run: (index) => (of(index) as Executor).run(index),
    submit: (index, wanted) => (of(index) as Executor).submit(index, wanted),
    refuseUnordered: () => {
      for (const executor of opened.values()) executor.refuseUnordered();
    },
    close: async () => {
      for (const executor of opened.values()) await executor.cancelling;
      sweepSubmissions(build.project.root);
    },
  };
}

/** If a stage names an unusable executor, the error shows where. */
function schedulerFor({ project }: BuildContext, item: Item, name: string, site: Site): Scheduler {
  try {
    if (name === 'slurm' && !isProgram('sbatch', project.env))
      throw userError(
        'no-scheduler',
        'this machine has no `sbatch` in PATH',
        'run `pipe` on a login node of the cluster, or load the module of Slurm',
      );
    return schedulerOf(project, name, site);
  } catch (error) {
    if (!(error instanceof UserError) || item.executor === undefined) throw error;
    throw error.at(placesOf({ project: project.root, ...project.variant }).executor(item.id));
  }
}

/** Cancels jobs together that are cancelled at the same moment. */
const COLLECT_MS = 50;

/** A job of an earlier run. */
interface Living {
  readonly job: Job;
  readonly placed: Placed;
}

class Executor {
  readonly #build: BuildContext;
  readonly #name: string;
  readonly #scheduler: Scheduler;
  readonly #queue: Queue;
  readonly #means: JobMeans;
  readonly #cancelled = new Set<string>();
  /** The last reason for waiting, by item. */
  readonly #told = new Map<string, string>();
  #toCancel: string[] = [];
  /** The last cancellation, which must reach the scheduler before pipe ends. */
  cancelling: Promise<void> = Promise.resolve();
  /** Slots among the jobs that the scheduler may have at the same time. */
  readonly #slots: Limit;
  #submitted = 0;

  constructor(build: BuildContext, name: string, scheduler: Scheduler, site: Site) {
    this.#build = build;
    this.#name = name;
    this.#scheduler = scheduler;
    this.#slots = limitOf(scheduler.most);
    this.#queue = new Queue(scheduler);
    const { root, dist } = build.project;
    const { setup, checkout, latency } = site.commonOf(name);
    const submitter = new Submitter({
      ...{ root, scheduler, queue: this.#queue, setup, checkout },
      pipe: [process.execPath, path.join(dist, '..', 'bin', 'pipe.cjs')],
      stop: build.options.interruption.stop,
      detached: build.options.detach === true,
    });
    this.#means = {
      ...{ executor: name, scheduler, queue: this.#queue, submitter },
      ...{ latency, cancel: (id) => this.#cancel(id) },
      ...(checkout === '' ? {} : { unshared: openUnshared(build) }),
    };
  }

  run(index: number): Promise<Ended> {
    const follow = async (run: JobRun) => {
      const earlier = await run.alreadyFresh();
      if (earlier !== undefined) return earlier;
      const living = await this.#living(itemAt(this.#build, index).id);
      return run.run(living?.placed);
    };
    return this.#slots(() => this.#alone(index, follow));
  }

  refuseUnordered(): void {
    if (this.#scheduler.ordered) return;
    throw userError(
      'nothing-to-detach',
      `--detach: jobs of ${this.#name} cannot wait for each other`,
      `set options.after of ${this.#name} in pipe.local.yaml`,
    );
  }

  async submit(index: number, wanted: Wanted): Promise<Ended | Submitted | undefined> {
    const { key } = wanted;
    const after = wanted.after.map(({ id }) => id);
    if (this.#submitted++ >= this.#scheduler.most) return undefined;
    return this.#alone(index, async (run) => {
      // While an item that it needs has yet to run, the outs on disk decide nothing.
      const earlier = key === undefined ? undefined : await run.alreadyFresh();
      if (earlier !== undefined) return earlier;
      const living = await this.#living(itemAt(this.#build, index).id);
      const suits = living !== undefined && this.#suits(living.job, key, after);
      if (living !== undefined && !suits) this.#cancel(living.placed.id);
      const { id } = suits ? living.placed : await run.submit({ key, after });
      return { id, text: `${this.#scheduler.title} job ${id}` };
    });
  }

  /** False if the job was submitted to compute something else, or waits for other jobs. */
  #suits(job: Job, key: string | undefined, after: readonly string[]): boolean {
    const isSameVariant = isDeepStrictEqual(job.variant, this.#build.project.variant);
    const isSameKey = job.key === undefined || key === undefined || job.key === key;
    const known = job.after ?? [];
    const others = known.filter((id) => !after.includes(id) && this.#queue.isOpen(id));
    const isSameOrder = others.length === 0 && after.every((id) => known.includes(id));
    return isSameVariant && isSameKey && isSameOrder;
  }

  /** One run at a time submits an item; others wait for it, and find its result. */
  async #alone<T>(index: number, act: (run: JobRun) => Promise<T>): Promise<T | Ended> {
    const { project, options } = this.#build;
    const { stop } = options.interruption;
    const item = itemAt(this.#build, index).id;
    const run = new JobRun(this.#build, index, this.#means);
    try {
      const lock = await acquireLock(homesOf(project).folder, jobLock(item), {
        doing: item,
        signal: stop,
        onWait: (owner) =>
          this.#wait(item, `another run follows its job: ${describeOwner(owner, '')}`),
      });
      try {
        return await act(run);
      } finally {
        lock.release();
      }
    } catch (error) {
      if (error instanceof Refused) return run.refused(error);
      if (!stop.aborted || (error as Error).name !== 'AbortError') throw error;
      return { done: { type: 'item', item, verdict: 'cancelled', reason: 'interrupted' } };
    }
  }

  /** The job that an earlier run submitted, if it still waits or runs. */
  async #living(item: string): Promise<Living | undefined> {
    const files = new JobFiles(this.#build.project.root, item);
    const job = files.open();
    if (job === undefined || job.executor !== this.#name) return undefined;
    const submission = submissionOf(job.name);
    for (;;) {
      this.#build.options.interruption.stop.throwIfAborted();
      // The submit call of a killed run continues. Checked before the scheduler is asked, because
      // it may end in between.
      const isComing = isBeingSubmitted(submission);
      const state = await this.#stateOf(job.name, item);
      if (state === 'unknown') continue;
      if (state !== undefined) {
        if (state.phase === 'ended') return undefined;
        const { nonce, name } = job;
        const home = { root: this.#build.project.root, isShared: !this.#means.unshared };
        const output = outputFile(home, name);
        return { job, placed: { nonce, name, id: state.id, output } };
      }
      if (!isComing) return undefined;
      this.#wait(item, 'an earlier run is submitting its job');
      await this.#queue.next();
    }
  }

  async #stateOf(name: string, item: string): Promise<JobState | undefined | 'unknown'> {
    try {
      return (await this.#queue.ask()).get(name);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      this.#wait(item, `${this.#scheduler.title} does not answer: ${error.message}`);
      await this.#queue.next();
      return 'unknown';
    }
  }

  #cancel(id: string): void {
    if (this.#cancelled.has(id)) return;
    this.#cancelled.add(id);
    if (this.#toCancel.length === 0)
      this.cancelling = this.cancelling.then(() => delay(COLLECT_MS)).then(() => this.#cancelAll());
    this.#toCancel.push(id);
  }

  async #cancelAll(): Promise<void> {
    const ids = this.#toCancel;
    this.#toCancel = [];
    try {
      await this.#scheduler.cancel(ids);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      for (const id of ids) this.#cancelled.delete(id);
      const message = `${this.#scheduler.title} does not cancel ${ids.join(', ')}: ${error.message}`;
      this.#build.emit({ type: 'warning', message });
    }
  }

  #wait(item: string, reason: string): void {
    if (this.#told.get(item) === reason) return;
    this.#told.set(item, reason);
    this.#build.emit({ type: 'waiting', item, reason });
  }
}
