/** What a run reports about the job of an item, in addition to the events of the job itself. */
import type { RunEvent } from '../event.js';
import type { Queue } from './job-queue.js';
import type { JobState } from './scheduler.js';

interface Means {
  readonly emit: (event: RunEvent) => void;
  readonly item: string;
  /** Name of the scheduler. */
  readonly title: string;
  readonly queue: Queue;
  /** True if the run sees the events of the job. */
  readonly isShared: boolean;
  /** Seconds for which an obstacle is not worth a warning. */
  readonly latency: number;
}

export class JobNews {
  readonly #means: Means;
  #told: string | undefined;
  /** Number of the scheduler's answers when the item started. */
  #answers: number | undefined;
  /** Since when there is an obstacle to an item that has started. */
  #haltedSince = 0;

  constructor(means: Means) {
    this.#means = means;
  }

  submitted(): void {
    this.#answers = undefined;
    this.#haltedSince = 0;
  }

  started(): void {
    this.submitted();
    this.#answers = this.#means.queue.answers;
    this.#told = undefined;
  }

  waits(reason: string): void {
    if (reason === this.#told) return;
    this.#told = reason;
    this.#means.emit({ type: 'waiting', item: this.#means.item, reason });
  }

  state(state: JobState | undefined): void {
    const { silence, answers } = this.#means.queue;
    // The answer to a query already sent may be older than the start.
    const isAgain = state?.phase === 'pending' && answers >= (this.#answers ?? answers) + 2;
    if (this.#answers !== undefined && !isAgain) this.#halts(this.#obstacleIn(state));
    else if (silence !== undefined) this.waits(this.#silenceText(silence));
    else if (state !== undefined) this.waits(`${this.#textOf(state)}, ${this.nameOf(state)}`);
  }

  nameOf(state: JobState | undefined): string {
    return `${this.#means.title} job ${state?.id ?? 'of unknown number'}`;
  }

  #textOf({ phase, word, reason, where }: JobState): string {
    if (phase === 'pending') return `pending (${reason ?? word})`;
    const plain = this.#means.isShared ? 'starting' : 'running';
    return `${isRunning(word) ? plain : word}${where === undefined ? '' : ` on ${where}`}`;
  }

  #silenceText(silence: string): string {
    return `${this.#means.title} does not answer: ${silence}`;
  }

  /** Such as a job that is suspended, or that its node does not bring to an end. */
  #obstacleIn(state: JobState | undefined): string | undefined {
    const { silence } = this.#means.queue;
    if (silence !== undefined) return this.#silenceText(silence);
    if (state?.phase !== 'running' || isRunning(state.word)) return undefined;
    return `${this.nameOf(state)} is ${this.#textOf(state)}`;
  }

  #halts(message: string | undefined): void {
    if (message === undefined) {
      this.#haltedSince = 0;
      this.#told = undefined;
      return;
    }
    this.#haltedSince ||= performance.now();
    const seconds = (performance.now() - this.#haltedSince) / 1000;
    if (message === this.#told || seconds < this.#means.latency) return;
    this.#told = message;
    this.#means.emit({ type: 'warning', item: this.#means.item, message });
  }
}

/** False for a job that has a machine but does not compute, such as SUSPENDED. */
export function isRunning(word: string): boolean {
  return word.toUpperCase() === 'RUNNING';
}
