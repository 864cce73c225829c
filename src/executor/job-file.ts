/**
 * Files of the jobs of an item, in `cache/jobs/`, which the head (the run that submits) and the
 * nodes share:
 *
 *     <item>/current              the nonce of the current job: the fence
 *     <item>/<nonce>/job.json     what the job executes
 *     <item>/<nonce>/start        the token of its last start: a scheduler may start a job twice
 *     <item>/<nonce>/events.jsonl its events, written by the node
 *     <item>/<nonce>/end.json     how it ended, written by the node, last
 *     submitted/<name>/           the jobs of a submission, their script and their output
 */

import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { removeTree } from '../cache/files/remove.js';
import type { Settled } from '../decide/build-context.js';
import type { RunOptions, Variant } from '../decide/options.js';
import type { ItemDone, RunEvent } from '../event.js';
import { ifJson } from '../json.js';
import { fileNameOf } from '../process/file-names.js';
import { lstatIfThere, namesIn, textIfThere, unlessFailed } from '../sys/if-there.js';
import { makeFolder } from '../sys/make-folder.js';
import { LineTail } from '../sys/open-file.js';
import { replaceFile } from '../sys/replace-file.js';

export interface Job {
  readonly format: 1;
  readonly nonce: string;
  /** Its name in the scheduler's list. */
  readonly name: string;
  readonly executor: string;
  readonly item: string;
  readonly variant: Variant;
  /** The key that it was submitted to compute, if known. */
  readonly key?: string;
  /** Numbers of the jobs that must succeed first. */
  readonly after?: readonly string[];
  readonly force: boolean;
  /** True if an earlier job has executed a part of it. */
  readonly again: boolean;
  /** True if no run follows the job. */
  readonly detached?: boolean;
  /** True if the nodes do not share the project with the submitting machine: they work in a checkout. */
  readonly unshared?: boolean;
  /** How the run uses the remote cache. */
  readonly remote?: RunOptions['remote'];
}

/** How a job ended, as the job itself reports it. */
export interface JobEnd {
  readonly done: ItemDone;
  readonly settled?: Settled;
}

export function isResult({ done: { verdict } }: JobEnd): boolean {
  return verdict === 'ran' || verdict === 'restored' || verdict === 'fresh';
}

export function jobsFolder(root: string): string {
  return path.join(root, 'cache', 'jobs');
}

/** The jobs of one item. */
export class JobFiles {
  readonly #folder: string;

  constructor(root: string, item: string) {
    this.#folder = path.join(jobsFolder(root), fileNameOf(item));
  }

  /** The nonce of the current job. */
  current(): string | undefined {
    return textIfThere(path.join(this.#folder, 'current'))?.trim();
  }

  /** From here on, no earlier job of the item records anything. Returns the path of the job file. */
  make(job: Job): string {
    const own = this.#of(job.nonce);
    makeFolder(own);
    const file = path.join(own, 'job.json');
    write(file, JSON.stringify(job));
    write(path.join(this.#folder, 'current'), `${job.nonce}\n`);
    return file;
  }

  /** Returns the token of this start of a job. From here on, no earlier start of it records anything. */
  begin(nonce: string): string {
    const token = randomBytes(6).toString('hex');
    write(path.join(this.#of(nonce), 'start'), token);
    return token;
  }

  /** The token of the last start of a job. */
  start(nonce: string): string | undefined {
    return textIfThere(path.join(this.#of(nonce), 'start'));
  }

  /** The current job, unless it has written its end. */
  open(): Job | undefined {
    const nonce = this.current();
    if (nonce === undefined || this.end(nonce) !== undefined) return undefined;
    return readJob(path.join(this.#of(nonce), 'job.json'));
  }

  end(nonce: string): JobEnd | undefined {
    const file = path.join(this.#of(nonce), 'end.json');
    // Cheaper than a failed read.
    return lstatIfThere(file) === undefined ? undefined : readJson<JobEnd>(file);
  }

  writeEnd(nonce: string, end: JobEnd): void {
    write(path.join(this.#of(nonce), 'end.json'), JSON.stringify(end));
  }

  events(nonce: string): string {
    return path.join(this.#of(nonce), 'events.jsonl');
  }

  /** Removes the files of all jobs except the current one. */
  clear(): void {
    const nonce = this.current();
    for (const name of namesIn(this.#folder))
      if (name !== 'current' && name !== nonce) removeTree(path.join(this.#folder, name));
  }

  #of(nonce: string): string {
    return path.join(this.#folder, nonce);
  }
}

/** The job in a job file; undefined if it is not a job file. */
export function readJob(file: string): Job | undefined {
  const job = readJson<Job>(file);
  return job?.format === 1 ? job : undefined;
}

/** Undefined also for a file that another machine is about to write. */
function readJson<T>(file: string): T | undefined {
  const text = textIfThere(file);
  return text === undefined || text === '' ? undefined : (JSON.parse(text) as T);
}

function write(file: string, text: string): void {
  replaceFile(file, [Buffer.from(text)]);
}

/** Reads the events that a job has added since the last call. */
export class EventTail {
  readonly #file: string;
  readonly #lines: LineTail;
  #hasBegun = false;

  constructor(file: string) {
    this.#file = file;
    this.#lines = new LineTail(file);
  }

  hasBegun(): boolean {
    this.#hasBegun ||= lstatIfThere(this.#file) !== undefined;
    return this.#hasBegun;
  }

  next(): readonly RunEvent[] {
    return this.hasBegun() ? this.#lines.next().flatMap(eventIn) : [];
  }
}

/** No event for an empty line, or for a line that a lost node did not finish. */
function eventIn(line: string): RunEvent[] {
  const event = ifJson(line);
  return event === undefined ? [] : [event as RunEvent];
}

/** How soon a superseded job ends its process. */
const LOOK_MS = 1000;

interface NonceFence {
  isHeld(): boolean;
  readonly lost: AbortSignal;
  close(): void;
}

/** @param token of this start of the job */
export function nonceFence(files: JobFiles, nonce: string, token: string): NonceFence {
  const lost = new AbortController();
  const isHeld = () => files.current() === nonce && files.start(nonce) === token;
  const timer = setInterval(() => {
    // A read error may be temporary, and the fence is checked again before anything is recorded.
    if (unlessFailed(isHeld) === false) lost.abort();
  }, LOOK_MS).unref();
  return { isHeld, lost: lost.signal, close: () => clearInterval(timer) };
}
