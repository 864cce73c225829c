/** Ends the processes of one execution: when the run is stopped, when time is up, and what is left at its end. */
import type { Family } from './family.js';

/** Why we ended it. */
export type Cause = 'timeout' | 'stopped';

export interface Limits {
  /** Seconds. */
  readonly timeout?: number | undefined;
  /** Seconds from SIGTERM to SIGKILL. */
  readonly grace: number;
  /** Ends it with SIGTERM, and with SIGKILL after the grace time. */
  readonly stop?: AbortSignal | undefined;
  /** Ends it with SIGKILL at once. */
  readonly kill?: AbortSignal | undefined;
}

/** A process that ended well may have others that are just about to end, such as `tee` in `> >(tee …)`. */
const LINGER_MS = 250;

/** What SIGKILL does not end within this time hangs in the system and will not end. */
const KILLED_MS = 5_000;

/** How often what was forked meanwhile is killed too. */
const AGAIN_MS = 100;

/** The longest time that a timer can hold, 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

export class Termination {
  readonly #family: Family;
  readonly #limits: Limits;
  #timer: NodeJS.Timeout | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  #killedAt: number | undefined;
  #cause: Cause | undefined;

  constructor(family: Family, limits: Limits) {
    this.#family = family;
    this.#limits = limits;
    const { timeout, stop, kill } = limits;
    if (timeout !== undefined) this.#wait(timeout * 1000);
    stop?.addEventListener('abort', this.#stop);
    kill?.addEventListener('abort', this.#kill);
    if (stop?.aborted) this.#stop();
    if (kill?.aborted) this.#kill();
  }

  /** A long time is waited for in parts. */
  #wait(left: number): void {
    const part = Math.min(left, LONGEST_MS);
    this.#timer = setTimeout(() => {
      if (part < left) this.#wait(left - part);
      else this.#timeOut();
    }, part);
  }

  /** Undefined while we have not interfered. */
  get cause(): Cause | undefined {
    return this.#cause;
  }

  /** To be called when the first process has ended. Resolves when none is left; gives those that cannot be ended. */
  async complete(): Promise<readonly number[]> {
    clearTimeout(this.#timer);
    try {
      if (this.#cause === undefined && (await this.#family.gone(LINGER_MS))) return [];
      this.#terminate();
      return await this.#untilGone();
    } finally {
      clearTimeout(this.#graceTimer);
      this.#limits.stop?.removeEventListener('abort', this.#stop);
      this.#limits.kill?.removeEventListener('abort', this.#kill);
    }
  }

  async #untilGone(): Promise<readonly number[]> {
    while (!(await this.#family.gone(AGAIN_MS))) {
      if (this.#killedAt === undefined) continue;
      if (performance.now() - this.#killedAt > KILLED_MS) return this.#family.members();
      this.#family.signal('SIGKILL');
    }
    return [];
  }

  #timeOut(): void {
    this.#cause ??= 'timeout';
    this.#terminate();
  }

  readonly #stop = (): void => {
    this.#cause ??= 'stopped';
    this.#terminate();
  };

  readonly #kill = (): void => {
    this.#cause ??= 'stopped';
    this.#killAll();
  };

  #terminate(): void {
    if (this.#graceTimer !== undefined || this.#killedAt !== undefined) return;
    this.#family.signal('SIGTERM');
    this.#graceTimer = setTimeout(() => this.#killAll(), this.#limits.grace * 1000);
  }

  #killAll(): void {
    this.#killedAt ??= performance.now();
    this.#family.signal('SIGKILL');
  }
}
