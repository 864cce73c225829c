/** Terminates the processes of one execution: on a stop, on a timeout, and leftovers at its end. */
import type { ProcessTree } from './process-tree.js';

/** Why pipe ended it. */
export type Cause = 'timeout' | 'stopped';

export interface Limits {
  /** Seconds. */
  readonly timeout?: number | undefined;
  /** Seconds from SIGTERM to SIGKILL. */
  readonly grace: number;
  /**
   * Each sends SIGTERM, and SIGKILL after the grace time. Not one signal from `AbortSignal.any`: Node
   * keeps that one until the next full garbage collection, with all that its listeners refer to.
   */
  readonly stop?: readonly AbortSignal[] | undefined;
  /** Each sends SIGKILL immediately. */
  readonly kill?: readonly AbortSignal[] | undefined;
}

export function isAborted(signals: readonly AbortSignal[] = []): boolean {
  return signals.some(({ aborted }) => aborted);
}

/** Grace time after a successful end for processes that are about to end, such as `tee` in `> >(tee …)`. */
const LINGER_MS = 250;

/** A process that survives SIGKILL for this long hangs in the kernel. */
const KILLED_MS = 5_000;

/** Interval for killing processes forked meanwhile. */
const AGAIN_MS = 100;

/** The longest timer of Node, 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

export class Termination {
  readonly #family: ProcessTree;
  readonly #limits: Limits;
  #timer: NodeJS.Timeout | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  #killedAt: number | undefined;
  #cause: Cause | undefined;

  constructor(family: ProcessTree, limits: Limits) {
    this.#family = family;
    this.#limits = limits;
    const { timeout, stop, kill } = limits;
    if (timeout !== undefined) this.#wait(timeout * 1000);
    for (const each of stop ?? []) each.addEventListener('abort', this.#stop);
    for (const each of kill ?? []) each.addEventListener('abort', this.#kill);
    if (isAborted(stop)) this.#stop();
    if (isAborted(kill)) this.#kill();
  }

  /** Splits a long wait into several timers. */
  #wait(left: number): void {
    const part = Math.min(left, LONGEST_MS);
    this.#timer = setTimeout(() => {
      if (part < left) this.#wait(left - part);
      else this.#timeOut();
    }, part);
  }

  /** Undefined while pipe has not interfered. */
  get cause(): Cause | undefined {
    return this.#cause;
  }

  /**
   * Call when the first process has ended. Resolves when none is left, with the processes that
   * cannot be ended.
   */
  async complete(): Promise<readonly number[]> {
    clearTimeout(this.#timer);
    try {
      if (this.#cause === undefined && (await this.#family.gone(LINGER_MS))) return [];
      this.#terminate();
      return await this.#untilGone();
    } finally {
      clearTimeout(this.#graceTimer);
      const { stop, kill } = this.#limits;
      for (const each of stop ?? []) each.removeEventListener('abort', this.#stop);
      for (const each of kill ?? []) each.removeEventListener('abort', this.#kill);
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
