/** One item on a batch system, from its first job to its end: submits again as long as epochs advance. */
import { finish } from '../cache/files/yielding.js';
import {
  type BuildContext,
  handleOf,
  itemAt,
  neverAlways,
  type Settled,
} from '../decide/build-context.js';
import { decideItem } from '../decide/decide-item.js';
import { explain } from '../decide/explain.js';
import type { Decision } from '../decide/staleness.js';
import type { Failure, ItemDone } from '../event.js';
import { describeAction } from '../execute/failure.js';
import { type Ended, runItem } from '../execute/run-item.js';
import type { Item } from '../pipeline/plan.js';
import { EventTail, isResult, type Job, type JobEnd, JobFiles } from './job-file.js';
import { JobNews } from './job-news.js';
import { failureAfter, type Outcome, outputIn, wordOf } from './job-outcome.js';
import type { Queue } from './job-queue.js';
import { hintFor } from './refusal.js';
import type { JobState, Refused, Scheduler } from './scheduler.js';
import { outputFile } from './submissions.js';
import type { Placed, Submitter } from './submitter.js';
import { bringLines, type Unshared, UnsharedItem } from './unshared.js';

/** How often to query the scheduler after an interrupt. */
const STOPPING_MS = 400;

interface Submit {
  /** True if an earlier job has executed a part of it. */
  readonly again?: boolean;
  readonly key?: string | undefined;
  /** Numbers of the jobs that must succeed first. */
  readonly after?: readonly string[];
}

export interface JobMeans {
  readonly executor: string;
  readonly scheduler: Scheduler;
  readonly queue: Queue;
  readonly submitter: Submitter;
  /** Seconds until files written on a node appear here. */
  readonly latency: number;
  readonly cancel: (id: string) => void;
  /** For nodes that share no folder with the run. */
  readonly unshared?: Unshared;
}

export class JobRun {
  readonly #build: BuildContext;
  readonly #index: number;
  readonly #item: Item;
  /** The files of all jobs of the item. */
  readonly #files: JobFiles;
  readonly #means: JobMeans;
  /** For nodes that share no folder with the run. */
  readonly #unshared: UnsharedItem | undefined;
  readonly #news: JobNews;
  /** The key to compute, as far as this machine knows. */
  #key: string | undefined;
  #tail: EventTail | undefined;

  constructor(build: BuildContext, index: number, means: JobMeans) {
    this.#build = build;
    this.#index = index;
    this.#item = itemAt(build, index);
    this.#files = new JobFiles(build.project.root, this.#item.id);
    this.#means = means;
    this.#unshared = means.unshared && new UnsharedItem(means.unshared, index);
    this.#news = new JobNews({
      ...{ emit: build.emit, item: this.#item.id, title: means.scheduler.title },
      ...{ queue: means.queue, latency: means.latency, isShared: means.unshared === undefined },
    });
  }

  /** The end of the item if another run has computed it. */
  async alreadyFresh(): Promise<Ended | undefined> {
    const { project, options } = this.#build;
    for (const out of this.#item.outs) project.cache.forget(out.path);
    const decision = await finish(
      decideItem(handleOf(this.#build, this.#index)),
      options.interruption.stop,
    );
    if (decision.kind !== 'missing') this.#key = decision.key;
    if (decision.kind !== 'fresh') {
      this.#unshared?.expect(decision);
      return options.force ? undefined : this.#unshared?.take();
    }
    const { key, record } = decision;
    project.cache.use(key);
    const done: ItemDone = { type: 'item', item: this.#item.id, verdict: 'fresh', key };
    return { done, settled: { key, outs: record.outs } };
  }

  /** @param found a job that an earlier run has submitted */
  async run(found: Placed | undefined): Promise<Ended> {
    let placed = found;
    let idle = 0;
    // Skips the epochs of earlier runs.
    await this.#unshared?.newEpochs();
    for (let starts = 0; ; starts++) {
      const isAttached = placed !== undefined;
      placed ??= await this.submit({ again: starts > 0 });
      const job = placed;
      placed = undefined;
      const outcome = await this.#withResult(await this.#follow(job));
      if ('done' in outcome) return this.#over(job, outcome.done, outcome.settled);
      if (outcome.how === 'stopped') return this.#cancelled(outcome.isOver ? job : undefined);
      if (outcome.how === 'end') {
        const ended = await this.#taken(outcome.end, isAttached);
        if (ended !== undefined) return ended;
        continue;
      }
      if (outcome.how === 'never') return this.#failed(this.#neverText(outcome.state), job);
      idle = outcome.epochs > 0 ? 0 : idle + 1;
      const home = { root: this.#build.project.root, isShared: this.#unshared === undefined };
      const siblings = this.#means.queue.siblingsOf(job.name);
      const failure = failureAfter(outcome, {
        ...{ ...home, title: this.#means.scheduler.title, item: this.#item, idle },
        ...{ events: this.#files.events(job.nonce), output: job.output },
        array: siblings.map(([name, state]) => ({ state, output: outputFile(home, name) })),
      });
      if (failure !== undefined) return this.#failed(failure, job, outcome.failure);
      const named = this.#news.nameOf(outcome.state);
      this.#news.waits(`${named} ended (${wordOf(outcome)}): submitting it again`);
    }
  }

  /** Submits a job that supersedes all earlier jobs of the item. */
  async submit({ again = false, key = this.#key, after = [] }: Submit): Promise<Placed> {
    const { item, means } = { item: this.#item, means: this.#means };
    await this.#unshared?.provide();
    const { options, project, temps } = this.#build;
    const force = options.force || temps?.isWanted(this.#index) === true;
    return means.submitter.submit({
      request: { ...item.resources, time: item.time, flags: item.slurm },
      after,
      onWait: (reason) => this.#news.waits(reason),
      bring: (file, pipe) => bringLines(this.#build, this.#index, { file, pipe }),
      make: (nonce, name) => {
        const job: Job = {
          ...{ format: 1, nonce, name, executor: means.executor, item: item.id },
          ...{ variant: project.variant, force, again },
          ...(options.remote === undefined ? {} : { remote: options.remote }),
          ...(options.detach ? { detached: true } : {}),
          ...(key === undefined ? {} : { key }),
          ...(after.length === 0 ? {} : { after }),
        };
        const file = this.#files.make(job);
        // The events of a lost job.
        for (const event of this.#tail?.next() ?? []) this.#build.emit(event);
        this.#files.clear();
        return file;
      },
    });
  }

  async #follow({ nonce, name, id }: Placed): Promise<Outcome> {
    const { queue, latency, unshared } = this.#means;
    const { stop, kill } = this.#build.options.interruption;
    const tail = new EventTail(this.#files.events(nonce));
    this.#tail = tail;
    // The answer to a query already sent may not include the job yet.
    let known = queue.answers + 2;
    const at = { epochs: 0, isEnding: false, overSince: 0 };
    this.#news.submitted();
    for (;;) {
      // A job writes its end after its events. Most jobs still wait, and have written neither.
      const end = tail.hasBegun() ? this.#files.end(nonce) : undefined;
      for (const event of tail.next()) {
        if (event.type === 'epoch') at.epochs++;
        if (event.type === 'start') this.#news.started();
        this.#build.emit(event);
      }
      if (end !== undefined && isResult(end)) return { how: 'end', end };
      const state = queue.stateOf(name);
      // One answer may be incomplete. Two answers without the job are conclusive.
      if (state !== undefined) known = queue.answers + 2;
      const isOver = state?.phase === 'ended' || (!state && queue.answers >= known);
      if (stop.aborted) {
        if (!isOver) this.#means.cancel(state?.id ?? id);
        if (isOver || kill.aborted) return { how: 'stopped', isOver };
        queue.hurry(STOPPING_MS);
        this.#news.state(state);
      } else if (state?.never) {
        this.#means.cancel(state.id);
        return { how: 'never', state };
      } else if (isOver) {
        const cause = state?.cause;
        if (end?.done.verdict === 'failed' && (!cause || cause === 'finished'))
          return { how: 'end', end };
        at.overSince ||= performance.now();
        const isLate = performance.now() - at.overSince > latency * 1000;
        if (end !== undefined || at.epochs > 0 || isLate || unshared !== undefined)
          return { how: 'over', cause, state, epochs: at.epochs, failure: end?.done.failure };
      } else {
        // Only once: Slurm may need minutes, or start the job again.
        if (end !== undefined && !at.isEnding) queue.hurry(STOPPING_MS);
        at.isEnding = end !== undefined;
        this.#news.state(state);
      }
      await queue.next();
    }
  }

  async #withResult(outcome: Outcome): Promise<Outcome | Ended> {
    if (this.#unshared === undefined || outcome.how !== 'over') return outcome;
    return this.#unshared.resultOf(outcome, this.#means.queue, this.#means.latency);
  }

  /** Undefined if the job of an earlier run has computed something else. */
  async #taken(end: JobEnd, isAttached: boolean): Promise<Ended | undefined> {
    const { build, index } = { build: this.#build, index: this.#index };
    const { project, options } = build;
    const asIs = { ...neverAlways(build), options: { ...options, force: false } };
    const deadline = performance.now() + this.#means.latency * 1000;
    for (;;) {
      for (const out of this.#item.outs) project.cache.forget(out.path);
      const decision = await finish(decideItem(handleOf(asIs, index)), options.interruption.stop);
      const key = decision.kind === 'missing' ? undefined : decision.key;
      const isOther = end.done.key !== undefined && key !== end.done.key;
      if (isOther && isAttached) return undefined;
      if (end.done.verdict === 'failed') return { done: end.done };
      if (isOther) return this.#failed(this.#otherText(decision));
      if (decision.kind === 'fresh') {
        project.cache.use(decision.key);
        return end;
      }
      if (performance.now() > deadline) {
        if (decision.kind === 'restore') return await runItem(handleOf(build, index));
        return this.#failed(this.#unseenText());
      }
      await this.#means.queue.next();
    }
  }

  #neverText({ id, reason = '' }: JobState): string {
    const { scheduler, executor } = this.#means;
    const hint = hintFor(this.#build.project, this.#item, executor, reason);
    return `${scheduler.title} will never start job ${id} (${reason}): ${hint}`;
  }

  /** The job has saved its result as the last one of the item. */
  #otherText(decision: Decision): string {
    // Only the job's result tells what it computed.
    const { locked: _, ...build } = this.#build;
    const found = explain(handleOf(build, this.#index), decision).map(({ text }) => text);
    return `its job computed something else (${found.join('; ')}): if you edited files meanwhile, run again; otherwise give \`pipe run\` and its jobs the same environment`;
  }

  #unseenText(): string {
    const outs = this.#item.outs.map(({ path }) => path).join(', ');
    return `its job has written ${outs}, but this machine does not see the result after ${this.#means.latency}s: is cache/ on a file system that the nodes share? A slow one needs a larger latency in pipe.local.yaml`;
  }

  #cancelled(job: Placed | undefined): Ended {
    const item = this.#item.id;
    return this.#over(job, { type: 'item', item, verdict: 'cancelled', reason: 'interrupted' });
  }

  /** Writes the end of a job that has not written it itself, so that no later run asks for it. */
  #over(job: Placed | undefined, done: ItemDone, settled?: Settled): Ended {
    const ended = { done, ...(settled && { settled }) };
    if (job !== undefined && this.#files.end(job.nonce) === undefined)
      this.#files.writeEnd(job.nonce, ended);
    return ended;
  }

  /** @param noted the failure that the job noted, with the place of its item's log */
  #failed(message: string, job?: Placed, noted?: Failure): Ended {
    const tail = noted?.tail ?? (job === undefined ? [] : outputIn(job.output));
    const failure: Failure = { ...noted, message, command: describeAction(this.#item), tail };
    return this.#over(job, { type: 'item', item: this.#item.id, verdict: 'failed', failure });
  }

  /** The failure message for a refused job: who refuses it, why, and what to correct. */
  refused({ message, what }: Refused): Ended {
    const { scheduler, executor } = this.#means;
    const hint = hintFor(this.#build.project, this.#item, executor, message);
    return this.#failed(
      `${what ?? `${scheduler.title} refuses the job`}: ${message.replace(/\.$/, '')}: ${hint}`,
    );
  }
}
