/**
 * Submits jobs: together if they become ready together and are alike, and again until the scheduler
 * has each.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { addTo } from '../lists.js';
import { quotePlain } from '../pipeline/items/shell-quote.js';
import type { Queue } from './job-queue.js';
import {
  type Jobs,
  Refused,
  type Request,
  type Scheduler,
  type Submission,
  Unanswered,
} from './scheduler.js';
import {
  makeSubmission,
  NODE_FOLDER,
  outputFile,
  submissionFolder,
  submissionOf,
} from './submissions.js';

/** Long enough to collect the items that become ready together. */
const COLLECT_MS = 50;

/** Below Slurm's smallest default limit. */
const MOST_TOGETHER = 1000;

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;

/** What the jobs of this run have in common. */
export interface Means {
  /** Absolute path of the project. */
  readonly root: string;
  readonly scheduler: Scheduler;
  readonly queue: Queue;
  /** Shell lines to run before the job. */
  readonly setup: string;
  /** Shell lines that check out the project, if the nodes do not share it. */
  readonly checkout: string;
  /** The command that starts pipe, as words. */
  readonly pipe: readonly string[];
  readonly stop: AbortSignal;
  /** True if the run ends without waiting for its jobs. */
  readonly detached: boolean;
}

export interface Placed {
  readonly nonce: string;
  /** Its name in the scheduler's list. */
  readonly name: string;
  /** Its number there. */
  readonly id: string;
  /** The output of the job itself. */
  readonly output: string;
}

/** An item that needs a job. */
interface Want {
  readonly request: Request;
  /** Numbers of the jobs that must succeed first. */
  readonly after: readonly string[];
  /** Writes the job file, which supersedes all earlier jobs of the item. */
  readonly make: (nonce: string, name: string) => string;
  /** Shell lines that write this file on a node that does not share it, and fetch the inputs. */
  readonly bring: (file: string, pipe: string) => readonly string[];
  readonly onWait: (reason: string) => void;
}

interface Prepared {
  readonly submission: Submission;
  readonly placed: readonly Omit<Placed, 'id'>[];
}

interface Waiting extends Want {
  readonly resolve: (placed: Placed) => void;
  readonly reject: (error: unknown) => void;
}

export class Submitter {
  readonly #means: Means;
  #wanted: Waiting[] = [];
  /** The last of the jobs that wait until others have ended. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(means: Means) {
    this.#means = means;
  }

  /**
   * Resolves when the scheduler has accepted the job.
   *
   * @throws Refused when it refuses the job
   */
  submit(want: Want): Promise<Placed> {
    return new Promise((resolve, reject) => {
      if (this.#wanted.length === 0) setTimeout(() => this.#flush(), COLLECT_MS);
      this.#wanted.push({ ...want, resolve, reject });
    });
  }

  #flush(): void {
    const wanted = this.#wanted;
    this.#wanted = [];
    const groups = new Map<string, Waiting[]>();
    for (const [at, want] of wanted.entries()) {
      const shape = this.#means.scheduler.arrays
        ? JSON.stringify([want.request, want.after])
        : String(at);
      addTo(groups, shape, want);
    }
    for (const group of groups.values())
      for (let at = 0; at < group.length; at += MOST_TOGETHER)
        void this.#placeGroup(group.slice(at, at + MOST_TOGETHER));
  }

  async #placeGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const { submission, placed } = this.#prepare(group);
      const id = await this.#place(submission, (reason) => {
        for (const { onWait } of group) onWait(reason);
      });
      this.#means.queue.hurry();
      for (const [at, { resolve }] of group.entries()) {
        const own = group.length > 1 ? `${id}_${at}` : id;
        resolve({ ...(placed[at] as Omit<Placed, 'id'>), id: own });
      }
    } catch (error) {
      const half = Math.ceil(group.length / 2);
      if (error instanceof Refused && error.isTooMany && half < group.length)
        for (const part of [group.slice(0, half), group.slice(half)]) void this.#placeGroup(part);
      else for (const { reject } of group) reject(error);
    }
  }

  /** From here on the scheduler may know the jobs. */
  #prepare(group: readonly Waiting[]): Prepared {
    const { root, checkout, detached } = this.#means;
    const nonce = randomBytes(6).toString('hex');
    const name = `pipe-${nonce}`;
    const folder = submissionFolder(root, name);
    const isArray = group.length > 1;
    const isShared = checkout === '';
    const placed = group.map((_, at) => {
      const suffix = isArray ? `_${at}` : '';
      const own = name + suffix;
      return { nonce: nonce + suffix, name: own, output: outputFile({ root, isShared }, own) };
    });
    const files = group.map(({ make }, at) => {
      const { nonce: own, name: listed } = placed[at] as Omit<Placed, 'id'>;
      return make(own, listed);
    });
    makeSubmission(root, name, files);
    const script = path.join(folder, 'script.sh');
    writeFileSync(script, this.#scriptOf(group, files), { mode: 0o755 });
    const submission: Submission = {
      ...{ name, count: group.length, detached },
      request: (group[0] as Waiting).request,
      after: (group[0] as Waiting).after,
      script,
      outputs: placed.map(({ output }) => output),
      // Slurm replaces the characters after a percent sign.
      outputPattern: outputFile(
        { root: root.replaceAll('%', '%%'), isShared },
        isArray ? `${name}_%a` : name,
      ),
      folder: isShared ? root : NODE_FOLDER,
    };
    return { submission, placed };
  }

  /** `exec`, so that the scheduler's signals reach pipe itself. */
  #scriptOf(group: readonly Waiting[], files: readonly string[]): string {
    const { root, setup, checkout, pipe } = this.#means;
    const pipeWords = pipe.map((word) => quotePlain(word)).join(' ');
    const isShared = checkout === '';
    const jobs = files.map((shared, at) => {
      const file = isShared ? shared : path.relative(root, shared);
      const bring = isShared ? [] : (group[at] as Waiting).bring(file, pipeWords);
      return [`job=${quotePlain(file)}`, ...bring];
    });
    return [
      '#!/bin/bash',
      '# Written by pipe: starts the job of one item.',
      ...(isShared ? [] : ['set -e', 'cd "$(mktemp -d)"', 'echo "$HOSTNAME:$PWD"', checkout]),
      ...(isShared ? [] : ['set +e']),
      ...(setup === '' ? [] : [setup]),
      // The job must not inherit the mark of the submission.
      'unset PIPE_SUBMISSION',
      ...(isShared ? [`cd ${quotePlain(root)} || exit`] : []),
      ...(jobs.length === 1
        ? (jobs[0] as string[])
        : [
            'case "$SLURM_ARRAY_TASK_ID" in',
            ...jobs.flatMap((lines, at) => [`${at})`, ...lines, ';;']),
            'esac',
          ]),
      `exec ${pipeWords} job "$job"`,
      '',
    ].join('\n');
  }

  /** If the scheduler refuses a job because it has too many others, they take turns to try again. */
  async #place(submission: Submission, onWait: (reason: string) => void): Promise<string> {
    try {
      return await this.#try(submission, onWait, false);
    } catch (error) {
      const isForNow = error instanceof Refused && error.isTooMany && submission.count === 1;
      if (!isForNow || this.#means.detached) throw error;
      onWait(this.#textOf(error));
      const placed = this.#turn.then(() => this.#try(submission, onWait, true));
      this.#turn = Promise.allSettled([placed]);
      return placed;
    }
  }

  /**
   * After an error the scheduler may still have the job, because only its answer may have been
   * lost. So its list of jobs decides, and nothing is submitted again before pipe has seen that
   * list.
   *
   * @param waits true: tries again as long as the scheduler has other jobs
   */
  async #try(
    submission: Submission,
    onWait: (reason: string) => void,
    waits: boolean,
  ): Promise<string> {
    const { scheduler, stop } = this.#means;
    let hadOthers = waits;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, 1.5 * pause)) {
      stop.throwIfAborted();
      const result = await resultOf(() => scheduler.submit(submission));
      if (typeof result === 'string') return result;
      const jobs = await this.#listed(onWait);
      const listed = numberIn(jobs, submission.name);
      if (listed !== undefined) return listed;
      if (result instanceof Refused && !(result.isTooMany && hadOthers)) throw result;
      // Others may have ended since the refusal, so the list before it counts.
      hadOthers &&= [...jobs.values()].some(({ phase }) => phase !== 'ended');
      onWait(this.#textOf(result));
      await delay(pause, undefined, { signal: stop });
    }
  }

  #textOf(error: Unanswered | Refused): string {
    const said = error instanceof Refused ? 'accepts no more jobs at present' : 'does not answer';
    return `${this.#means.scheduler.title} ${said}: ${error.message}`;
  }

  async #listed(onWait: (reason: string) => void): Promise<Jobs> {
    const { queue, stop } = this.#means;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, 1.5 * pause)) {
      try {
        return await queue.ask();
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        onWait(this.#textOf(error));
        await delay(pause, undefined, { signal: stop });
      }
    }
  }
}

/** The number of a submission that has reached the scheduler. */
function numberIn(jobs: Jobs, name: string): string | undefined {
  for (const [listed, { id }] of jobs) if (submissionOf(listed) === name) return submissionOf(id);
  return undefined;
}

/** The number of the job, or why there is none. */
async function resultOf(submit: () => Promise<string>): Promise<string | Unanswered | Refused> {
  try {
    return await submit();
  } catch (error) {
    if (error instanceof Unanswered || error instanceof Refused) return error;
    throw error;
  }
}
