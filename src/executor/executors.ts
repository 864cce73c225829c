/** The executors of a run: opens those that its items name, and gives each item its place there. */
import path from 'node:path';
import { type BuildContext, itemAt } from '../decide/build-context.js';
import { projectHome } from '../decide/lock-home.js';
import type { Elsewhere } from '../execute/elsewhere.js';
import type { Ended } from '../execute/run-item.js';
import { acquireLock } from '../process/file-lock.js';
import { describeOwner } from '../process/lock-owner.js';
import { executorOf, LOCAL } from './choice.js';
import { JobFiles } from './job-file.js';
import { type JobMeans, JobRun } from './job-run.js';
import { isBeingSubmitted } from './programs.js';
import { Queue } from './queue.js';
import { Refused, type Scheduler, Unanswered } from './scheduler.js';
import { schedulerOf } from './schedulers.js';
import { readSite, type Site } from './site.js';
import { jobLock, submissionOf, sweepSubmissions } from './submissions.js';
import { type Placed, Submitter } from './submitter.js';

/** @throws UserError for an unknown executor, and for mistakes in pipe.local.yaml */
export function openExecutors(build: BuildContext, pending: readonly number[]): Elsewhere {
  const site = readSite(build.project);
  const names = new Set(pending.map((index) => executorOf(build, itemAt(build, index))));
  const opened = new Map<string, Executor>();
  for (const name of names)
    if (name !== LOCAL)
      opened.set(name, new Executor(build, name, schedulerOf(build.project, name, site), site));
  const of = (index: number) => opened.get(executorOf(build, itemAt(build, index)));
  return {
    takes: (index) => of(index) !== undefined,
    run: (index) => (of(index) as Executor).run(index),
    close: () => sweepSubmissions(build.project.root),
  };
}

/** Cancels in one call what is cancelled in one moment. */
const COLLECT_MS = 50;

class Executor {
  readonly #build: BuildContext;
  readonly #name: string;
  readonly #scheduler: Scheduler;
  readonly #queue: Queue;
  readonly #means: JobMeans;
  readonly #cancelled = new Set<string>();
  #toCancel: string[] = [];
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(build: BuildContext, name: string, scheduler: Scheduler, site: Site) {
    this.#build = build;
    this.#name = name;
    this.#scheduler = scheduler;
    this.#free = scheduler.most;
    this.#queue = new Queue(scheduler);
    const { root, dist } = build.project;
    const submitter = new Submitter({
      ...{ root, scheduler, queue: this.#queue, setup: site.setupOf(name) },
      pipe: [process.execPath, path.join(dist, '..', 'bin', 'pipe.cjs')],
      stop: build.options.interruption.stop,
    });
    this.#means = {
      ...{ executor: name, scheduler, queue: this.#queue, submitter },
      latency: site.latencyOf(name),
      cancel: (id) => this.#cancel(id),
    };
  }

  /** One run at a time submits an item; others wait for it, and find its result. */
  async run(index: number): Promise<Ended> {
    const { project, options } = this.#build;
    const { stop } = options.interruption;
    const item = itemAt(this.#build, index).id;
    await this.#place();
    try {
      const lock = await acquireLock(projectHome(project.root), jobLock(item), {
        doing: item,
        signal: stop,
        onWait: (owner) =>
          this.#wait(item, `another run follows its job: ${describeOwner(owner, '')}`),
      });
      try {
        return await this.#runLocked(index);
      } finally {
        lock.release();
      }
    } catch (error) {
      if (!stop.aborted || (error as Error).name !== 'AbortError') throw error;
      return { done: { type: 'item', item, verdict: 'cancelled', reason: 'interrupted' } };
    } finally {
      this.#free++;
      this.#waiting.shift()?.();
    }
  }

  async #runLocked(index: number): Promise<Ended> {
    const run = new JobRun(this.#build, index, this.#means);
    try {
      const earlier = await run.alreadyFresh();
      if (earlier !== undefined) return earlier;
      return await run.run(await this.#living(itemAt(this.#build, index).id));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return run.refused(error);
    }
  }

  /** The job that an earlier run has submitted, while it waits or runs. */
  async #living(item: string): Promise<Placed | undefined> {
    const files = new JobFiles(this.#build.project.root, item);
    const job = files.open();
    if (job === undefined || job.executor !== this.#name) return undefined;
    const submission = submissionOf(job.name);
    for (;;) {
      this.#build.options.interruption.stop.throwIfAborted();
      // The call of a run that was killed goes on.
      if (isBeingSubmitted(submission)) this.#wait(item, 'an earlier run is submitting its job');
      else {
        const state = await this.#stateOf(job.name, item);
        if (state === 'unknown') continue;
        return state ? { nonce: job.nonce, name: job.name, output: '' } : undefined;
      }
      await this.#queue.next();
    }
  }

  async #stateOf(name: string, item: string): Promise<boolean | 'unknown'> {
    try {
      const state = (await this.#queue.ask()).get(name);
      return state !== undefined && state.phase !== 'ended';
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      this.#wait(item, `${this.#scheduler.title} does not answer: ${error.message}`);
      await this.#queue.next();
      return 'unknown';
    }
  }

  /** A place among the jobs that the scheduler may know at once. */
  async #place(): Promise<void> {
    if (this.#free-- > 0) return;
    await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }

  #cancel(id: string): void {
    if (this.#cancelled.has(id)) return;
    this.#cancelled.add(id);
    if (this.#toCancel.length === 0) setTimeout(() => void this.#cancelAll(), COLLECT_MS);
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
    this.#build.emit({ type: 'waiting', item, reason });
  }
}
