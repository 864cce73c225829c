/**
 * Requeues the job of a detached training before its time limit, because there is no run that could
 * submit the next job.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type Scheduler, Unanswered } from './scheduler.js';

const PAUSE_MS = 2_000;

/** Ends the training of a job when the time limit is near and an epoch is completed. */
export class TimeLimit {
  readonly #reached = new AbortController();
  #isNear = false;
  #hasEpoch = false;

  get reached(): AbortSignal {
    return this.#reached.signal;
  }

  near(): void {
    this.#isNear = true;
    this.#decide();
  }

  /** Required in each job, because otherwise the training could be requeued forever. */
  completedEpoch(): void {
    this.#hasEpoch = true;
    this.#decide();
  }

  #decide(): void {
    if (this.#isNear && this.#hasEpoch) this.#reached.abort();
  }
}

/** Puts this job back into the queue. Tries until the scheduler answers or ends the job. */
export async function requeue(
  scheduler: Scheduler,
  stop: AbortSignal,
  warn: (message: string) => void,
): Promise<void> {
  while (!stop.aborted) {
    try {
      return await scheduler.requeue?.();
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      warn(`${scheduler.title} did not requeue the job: ${error.message}`);
      await Promise.race([delay(PAUSE_MS), once(stop, 'abort')]);
    }
  }
}

/** Checked once, after the job began to listen for the signal, in case the signal came earlier. */
export async function isTimeNear(
  scheduler: Scheduler,
  warn: (message: string) => void,
): Promise<boolean> {
  try {
    return (await scheduler.isTimeNear?.()) ?? false;
  } catch (error) {
    if (!(error instanceof Unanswered)) throw error;
    warn(`${scheduler.title} did not report how much time the job has left: ${error.message}`);
    return false;
  }
}
