/** The scheduler's list of jobs, asked for all items at once, and the clock of those that follow their job. */
import { setTimeout as delay } from 'node:timers/promises';
import { type JobState, type Jobs, type Scheduler, Unanswered } from './scheduler.js';

/** How often the files of the jobs are read. */
const TICK_MS = 500;

/** Between two questions: short after a change, then longer and longer. */
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

  /** Counts the answers: a job that is not in a later one than that of its submission is gone. */
  get answers(): number {
    return this.#answers;
  }

  /** What the scheduler said instead of an answer. */
  get silence(): string | undefined {
    return this.#silence;
  }

  stateOf(name: string): JobState | undefined {
    return this.#jobs.get(name);
  }

  /** Asks soon: something has changed. */
  hurry(interval = SOON_MS): void {
    this.#interval = Math.min(this.#interval, interval);
  }

  /** A fresh answer. @throws Unanswered */
  async ask(): Promise<Jobs> {
    // An answer that was asked for before this call may be too old.
    await this.#asking;
    await this.#begin();
    if (this.#silence !== undefined) throw new Unanswered(this.#silence);
    return this.#jobs;
  }

  /** Resolves at the next tick, for all who wait, after a question if one is due. */
  next(): Promise<void> {
    this.#tick ??= this.#nextTick().finally(() => {
      this.#tick = undefined;
    });
    return this.#tick;
  }

  async #nextTick(): Promise<void> {
    await delay(TICK_MS);
    if (performance.now() - this.#askedAt < this.#interval) return;
    // A scheduler that is slow to answer must not hide that jobs end.
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
