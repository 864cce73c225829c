/** Ends the work of the remote cache when the run is interrupted. */

import { setMaxListeners } from 'node:events';

export interface Interruption {
  readonly stop: AbortSignal;
  readonly kill: AbortSignal;
}

/** Milliseconds after an interrupt in which the newest checkpoints may still be sent. */
const GRACE = 10_000;

export class Ending {
  readonly #end = new AbortController();
  readonly #stop: AbortSignal;
  readonly #stopped: Promise<never>;
  #reject: (reason: unknown) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ stop, kill }: Interruption) {
    this.#stop = stop;
    this.#stopped = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.#stopped.catch(() => undefined); // Only callers of `unlessStopped` handle it.
    const { signal } = this.#end;
    // Each request adds a listener.
    setMaxListeners(0, signal);
    stop.addEventListener('abort', this.#onStop, { once: true, signal });
    kill.addEventListener('abort', () => this.#end.abort(), { once: true, signal });
    if (stop.aborted) this.#onStop();
    if (kill.aborted) this.#end.abort();
  }

  /** Aborted when nothing more may be sent. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** @throws AbortError at the interrupt, even if the work continues for a moment */
  unlessStopped<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#stopped]);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#end.abort();
  }

  readonly #onStop = () => {
    this.#reject(this.#stop.reason);
    this.#timer = setTimeout(() => this.#end.abort(), GRACE);
  };
}
