/** One item on a batch system, from its first job to its end: submits again as long as epochs advance. */
import { finish } from '../cache/files/yielding.js';
import {
  type BuildContext,
  handleOf,
  itemAt,
  neverAlways,
  type Settled,
} from '../decide/build-context.js';
import type { Decision } from '../decide/decide.js';
import { decideItem } from '../decide/decide-item.js';
import { explain } from '../decide/explain.js';
import type { Failure, ItemDone } from '../event.js';
import { describeAction } from '../execute/failure.js';
import { type Ended, runItem } from '../execute/run-item.js';
import type { Item } from '../pipeline/plan.js';
import { lastLines } from '../process/execution-log.js';
import { duration } from '../process/outcome.js';
import { lstatIfThere, unlessAbsent } from '../sys/if-there.js';
import { EventTail, isResult, type Job, type JobEnd, JobFiles } from './job-file.js';
import type { Queue } from './job-queue.js';
import type { Cause, JobState, Refused, Scheduler } from './scheduler.js';
import type { Placed, Submitter } from './submitter.js';
import { bringLines, type Unshared } from './unshared.js';

/** Jobs in a row that their cluster may end before an epoch is done. */
const MOST_IDLE = 5;

/** After an interrupt, the scheduler is asked this often. */
const STOPPING_MS = 400;

/** How a job ended: by its own word, or by the scheduler's. */
type Outcome =
  | { readonly how: 'end'; readonly end: JobEnd }
  | Over
  | { readonly how: 'never'; readonly state: JobState }
  | { readonly how: 'stopped'; readonly isOver: boolean };

interface Over {
  readonly how: 'over';
  readonly cause: Cause | undefined;
  readonly state: JobState | undefined;
  /** Epochs that it has completed. */
  readonly epochs: number;
}

interface Submit {
  /** An earlier job has executed a part of it. */
  readonly again?: boolean;
  readonly key?: string | undefined;
  /** Numbers of the jobs that must end well before. */
  readonly after?: readonly string[];
}

export interface JobMeans {
  readonly executor: string;
  readonly scheduler: Scheduler;
  readonly queue: Queue;
  readonly submitter: Submitter;
  /** Seconds in which files of a node appear here. */
  readonly latency: number;
  readonly cancel: (id: string) => void;
  /** Of nodes that share no folder with the run. */
  readonly unshared?: Unshared;
}

export class JobRun {
  readonly #build: BuildContext;
  readonly #index: number;
  readonly #item: Item;
  /** Of all jobs of the item. */
  readonly #files: JobFiles;
  readonly #means: JobMeans;
  #told: string | undefined;
  /** What it is to compute, as far as this machine sees. */
  #key: string | undefined;
  #decision: Decision | undefined;
  /** That the remote cache knows. */
  #epochs = 0;
  #tail: EventTail | undefined;

  constructor(build: BuildContext, index: number, means: JobMeans) {
    this.#build = build;
    this.#index = index;
    this.#item = itemAt(build, index);
    this.#files = new JobFiles(build.project.root, this.#item.id);
    this.#means = means;
  }

  /** Another run has computed it. */
  async alreadyFresh(): Promise<Ended | undefined> {
    const { project, options } = this.#build;
    for (const out of this.#item.outs) project.cache.forget(out.path);
    const decision = await finish(
      decideItem(handleOf(this.#build, this.#index)),
      options.interruption.stop,
    );
    if (decision.kind !== 'missing') this.#key = decision.key;
    this.#decision = decision;
    if (decision.kind !== 'fresh')
      return options.force ? undefined : this.#means.unshared?.take(this.#index);
    const { key, record } = decision;
    project.cache.use(key);
    const done: ItemDone = { type: 'item', item: this.#item.id, verdict: 'fresh', key };
    return { done, settled: { key, outs: record.outs } };
  }

  /** @param found a job that an earlier run has submitted */
  async run(found: Placed | undefined): Promise<Ended> {
    let placed = found;
    let idle = 0;
    await this.#countEpochs();
    for (let starts = 0; ; starts++) {
      const isAttached = placed !== undefined;
      placed ??= await this.submit({ again: starts > 0 });
      const job = placed;
      placed = undefined;
      const outcome = await this.#withRemote(await this.#follow(job));
      if ('done' in outcome) return this.#over(job, outcome.done, outcome.settled);
      if (outcome.how === 'stopped') return this.#cancelled(outcome.isOver ? job : undefined);
      if (outcome.how === 'end') {
        const ended = await this.#taken(outcome.end, isAttached);
        if (ended !== undefined) return ended;
        continue;
      }
      if (outcome.how === 'never') return this.#failed(this.#neverText(outcome.state), job);
      idle = outcome.epochs > 0 ? 0 : idle + 1;
      const failure = this.#failureAfter(exact(outcome, outputOf(job)), idle, job);
      if (failure !== undefined) return this.#failed(failure, job);
      this.#tell(`${this.#nameOf(outcome.state)} ended (${wordOf(outcome)}): submitting it again`);
    }
  }

  /** Takes the item from all earlier jobs. */
  async submit({ again = false, key = this.#key, after = [] }: Submit): Promise<Placed> {
    const { item, means } = { item: this.#item, means: this.#means };
    await means.unshared?.provide(this.#index);
    const { options, project, temps } = this.#build;
    const force = options.force || temps?.isWanted(this.#index) === true;
    return means.submitter.submit({
      request: { ...item.resources, time: item.time, flags: item.slurm },
      after,
      onWait: (reason) => this.#tell(reason),
      bring: (file, pipe) => bringLines(this.#build, this.#index, { file, pipe }),
      make: (nonce, name) => {
        const job: Job = {
          ...{ format: 1, nonce, name, executor: means.executor, item: item.id },
          ...{ variant: project.variant, force, again },
          ...(options.remote === undefined ? {} : { remote: options.remote }),
          ...(options.detach ? { detached: true } : {}),
          ...(key === undefined ? {} : { key }),
        };
        const file = this.#files.make(job);
        // What a lost job recorded until then.
        for (const event of this.#tail?.next() ?? []) this.#build.emit(event);
        this.#files.clear();
        return file;
      },
    });
  }

  async #follow({ nonce, name }: Placed): Promise<Outcome> {
    const { queue, latency, unshared } = this.#means;
    const { stop, kill } = this.#build.options.interruption;
    const tail = new EventTail(this.#files.events(nonce));
    this.#tail = tail;
    // An answer that was on its way may not know the job yet.
    let known = queue.answers + 2;
    const at = { epochs: 0, started: false, overSince: 0 };
    for (;;) {
      // A job writes its end after its events. Most jobs wait, and have written neither.
      const end = tail.hasBegun() ? this.#files.end(nonce) : undefined;
      for (const event of tail.next()) {
        if (event.type === 'epoch') at.epochs++;
        if (event.type === 'start') at.started = true;
        this.#build.emit(event);
      }
      if (end !== undefined && isResult(end)) return { how: 'end', end };
      const state = queue.stateOf(name);
      // One answer may be cut off. Two without the job are not.
      if (state !== undefined) known = queue.answers + 2;
      const isOver = state?.phase === 'ended' || (!state && queue.answers >= known);
      if (stop.aborted) {
        if (isOver || kill.aborted) return { how: 'stopped', isOver };
        queue.hurry(STOPPING_MS);
        if (state !== undefined) this.#means.cancel(state.id);
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
          return { how: 'over', cause, state, epochs: at.epochs };
      } else {
        if (end !== undefined) queue.hurry(STOPPING_MS);
        if (!at.started) this.#tellState(state);
      }
      await queue.next();
    }
  }

  /** A job on a node that shares no folder leaves its result and its epochs in the remote cache. */
  async #withRemote(outcome: Outcome): Promise<Outcome | Ended> {
    const { queue, unshared, latency } = this.#means;
    if (unshared === undefined || outcome.how !== 'over') return outcome;
    const isWell = outcome.cause === undefined || /^(?:COMPLETED|done)$/.test(wordOf(outcome));
    const deadline = performance.now() + (isWell ? latency * 1000 : 0);
    do {
      const ended = await unshared.take(this.#index);
      if (ended !== undefined) return ended;
      await queue.next();
    } while (performance.now() < deadline);
    const known = this.#epochs;
    await this.#countEpochs();
    return { ...outcome, epochs: this.#epochs - known };
  }

  async #countEpochs(): Promise<void> {
    const { unshared } = this.#means;
    if (unshared === undefined || this.#decision === undefined) return;
    this.#epochs = await unshared.epochs(this.#index, this.#decision);
  }

  /** Undefined when an earlier run's job has computed something else. */
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

  /** Undefined: submit it again. */
  #failureAfter(outcome: Over, idle: number, job: Placed): string | undefined {
    const { cause, epochs } = outcome;
    const said = `${this.#means.scheduler.title}: ${wordOf(outcome)}`;
    const { time, resources } = this.#item;
    switch (cause) {
      case 'memory':
        return `out of memory (${said}): raise resources.memory${resources.memory > 0 ? ` (${Math.ceil(resources.memory / 2 ** 20)}M)` : ''}`;
      case 'cancelled':
        return `its job was cancelled (${said}): completed epochs are kept; run again`;
      case 'time': {
        if (epochs > 0) return undefined;
        const limit =
          time === undefined ? 'the time limit of its jobs' : `resources.time (${duration(time)})`;
        const what = this.#item.epochs === undefined ? 'it takes' : 'one epoch takes';
        return `${what} longer than ${limit}: ${time === undefined ? 'set resources.time' : 'raise it'} (${said})`;
      }
      case 'finished':
        if (epochs > 0) return undefined;
        if (this.#means.unshared !== undefined) return noResultText(outcome, said, job);
        if (this.#leftNothing(job)) return this.#noFolderText(outcome, said);
        return `its job ended without a result (${said})`;
      default:
        if (idle < MOST_IDLE) return undefined;
        return `${MOST_IDLE} jobs in a row ended without an epoch or a result (${said})`;
    }
  }

  #neverText({ id, reason = '' }: JobState): string {
    const { scheduler } = this.#means;
    const what = /time|wall/i.test(reason) ? 'resources.time' : 'resources';
    return `${scheduler.title} will never start job ${id} (${reason}): lower ${what}, or choose another partition`;
  }

  /** Neither the output of its script, nor an event of pipe. */
  #leftNothing({ nonce, output }: Placed): boolean {
    const files = [this.#files.events(nonce), ...(output === '' ? [] : [output])];
    return files.every((file) => lstatIfThere(file) === undefined);
  }

  #noFolderText({ state }: Over, said: string): string {
    const { root } = this.#build.project;
    const node = state?.where ?? 'its node';
    return `its job ended before it wrote a file (${said}): does ${node} see ${root}? Move the project to a file system that the nodes share`;
  }

  /** The job has noted its result as the last one of the item. */
  #otherText(decision: Decision): string {
    const { item, code } = handleOf(this.#build, this.#index);
    const found = explain(this.#build.project, item, code, decision).map(({ text }) => text);
    return `its job computed something else (${found.join('; ')}): run again after an edit; otherwise give \`pipe run\` and its jobs the same environment`;
  }

  #unseenText(): string {
    const outs = this.#item.outs.map(({ path }) => path).join(', ');
    return `its job has written ${outs}, but this machine does not see the result after ${this.#means.latency}s: is cache/ on a file system that the nodes share? A slow one needs a larger latency in pipe.local.yaml`;
  }

  #tellState(state: JobState | undefined): void {
    const { queue, scheduler, unshared } = this.#means;
    const { phase, reason, where, word } = state ?? {};
    const named = this.#nameOf(state);
    if (queue.silence !== undefined)
      this.#tell(`${scheduler.title} does not answer: ${queue.silence}`);
    else if (phase === 'pending') this.#tell(`pending (${reason ?? word}), ${named}`);
    else if (phase === 'running')
      this.#tell(
        `${unshared ? 'running' : 'starting'}${where === undefined ? '' : ` on ${where}`}, ${named}`,
      );
  }

  #tell(reason: string): void {
    if (reason === this.#told) return;
    this.#told = reason;
    this.#build.emit({ type: 'waiting', item: this.#item.id, reason });
  }

  #nameOf(state: JobState | undefined): string {
    return `${this.#means.scheduler.title} job ${state?.id ?? 'of unknown number'}`;
  }

  #cancelled(job: Placed | undefined): Ended {
    const item = this.#item.id;
    return this.#over(job, { type: 'item', item, verdict: 'cancelled', reason: 'interrupted' });
  }

  /** Notes the end of a job that has not done so itself: then nobody asks for it any more. */
  #over(job: Placed | undefined, done: ItemDone, settled?: Settled): Ended {
    const ended = { done, ...(settled && { settled }) };
    if (job !== undefined && this.#files.end(job.nonce) === undefined)
      this.#files.writeEnd(job.nonce, ended);
    return ended;
  }

  #failed(message: string, job?: Placed): Ended {
    const tail = outputOf(job);
    const failure: Failure = { message, command: describeAction(this.#item), tail };
    return this.#over(job, { type: 'item', item: this.#item.id, verdict: 'failed', failure });
  }

  /** What the scheduler refused. */
  refused(error: Refused): Ended {
    const cure = /MaxSubmit/.test(error.message) ? ': lower `jobs` in pipe.local.yaml' : '';
    return this.#failed(`${this.#means.scheduler.title} refuses the job: ${error.message}${cure}`);
  }
}

/** The last lines of the job itself; of the item's process there is a log. */
function outputOf(job: Placed | undefined): readonly string[] {
  return job === undefined ? [] : (unlessAbsent(() => lastLines(job.output)) ?? []);
}

/** Slurm says FAILED of a job that it ended for its memory, unless control groups did; its reason is in the output. */
function exact(outcome: Over, output: readonly string[]): Over {
  const isOverMemory = output.some((line) => /exceeded .*memory limit|oom[-_ ]?kill/i.test(line));
  return outcome.cause === 'finished' && isOverMemory ? { ...outcome, cause: 'memory' } : outcome;
}

/** Of a job on a node that shares no folder. */
function noResultText({ state }: Over, said: string, { output }: Placed): string {
  const place = state?.where === undefined ? '' : ` on ${state.where}`;
  // The job of an earlier run has no name of a file here.
  const see = output === '' ? '' : ` Its output is in ${output}${place}.`;
  return `its job left no result for today's key in the remote cache (${said}).${see} Does \`checkout\` bring the files that this run sees?`;
}

function wordOf({ state }: Over): string {
  return state?.word ?? 'it does not know the job any more';
}
