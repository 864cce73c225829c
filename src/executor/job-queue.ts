/**
 * The scheduler's list of jobs, which one query gets for all items, and the timer of everything
 * that follows a job.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type JobState, type Jobs, type Scheduler, Unanswered } from './scheduler.js';
import { submissionOf } from './submissions.js';

/** How often the jobs' files are read. */
const TICK_MS = 500;

/** Interval between two queries: short after a change, then increasingly longer. */
const SOON_MS = 2_000;
const LATE_MS = 30_000;

export class Queue {
  readonly #scheduler: Scheduler;
  #jobs: Jobs = new Map();
  #interval = SOON_MS;
  #askedAt = Number.NEGATIVE_INFINITY;
  #answers = 0;
  #silence: string | undefined;
  #asking: Promise<void> | undefined;
  #tick: Promise<void> | undefined;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /**
   * Number of answers so far. A job that is missing in an answer to a query after its submission is
   * gone.
   */
  get answers(): number {
    return this.#answers;
  }

  /** The scheduler's error message, if it did not answer. */
  get silence(): string | undefined {
    return this.#silence;
  }

  stateOf(name: string): JobState | undefined {
    return this.#jobs.get(name);
  }

  /** True if the job of this number waits or runs, according to the last answer. */
  isOpen(id: string): boolean {
    return [...this.#jobs.values()].some((job) => job.id === id && job.phase !== 'ended');
  }

  /** The other jobs of its submission, by name. */
  siblingsOf(name: string): readonly (readonly [string, JobState])[] {
    const own = submissionOf(name);
    return [...this.#jobs].filter(([each]) => each !== name && submissionOf(each) === own);
  }

  /** Queries the scheduler soon, because something has changed. */
  hurry(interval = SOON_MS): void {
    this.#interval = Math.min(this.#interval, interval);
  }

  /** A fresh answer. @throws Unanswered */
  async ask(): Promise<Jobs> {
    // The answer to an earlier query may be too old.
    await this.#asking;
    await this.#begin();
    if (this.#silence !== undefined) throw new Unanswered(this.#silence);
    return this.#jobs;
  }

  /** Resolves for all waiting callers at the next tick, and starts a query if one is due. */
  next(): Promise<void> {
    this.#tick ??= this.#nextTick().finally(() => {
      this.#tick = undefined;
    });
    return this.#tick;
  }

  async #nextTick(): Promise<void> {
    await delay(TICK_MS);
    if (performance.now() - this.#askedAt < this.#interval) return;
    // A slow scheduler must not hide that jobs end, so this does not wait for it.
    void this.#begin();
  }

  #begin(): Promise<void> {
    this.#asking ??= this.#ask();
    return this.#asking;
  }

  async #ask(): Promise<void> {
    this.#askedAt = performance.now();
    try {
      const jobs = await this.#scheduler.look();
      this.#interval = isSame(jobs, this.#jobs) ? Math.min(LATE_MS, this.#interval * 1.5) : SOON_MS;
      this.#jobs = jobs;
      this.#answers++;
      this.#silence = undefined;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      this.#silence = error.message;
    } finally {
      this.#asking = undefined;
    }
  }
}

function isSame(these: Jobs, those: Jobs): boolean {
  if (these.size !== those.size) return false;
  return [...these].every(([name, { word, reason }]) => {
    const other = those.get(name);
    return other?.word === word && other.reason === reason;
  });
}
