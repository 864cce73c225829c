/** The logs of executions: a folder for each item, a file for each execution. */
import path from 'node:path';
import { ownIdentity, tagOf } from '../../sys/identity.js';
import { lstatIfThere } from '../../sys/if-there.js';
import type { CacheContext } from '../files/cache-context.js';
import { bestEffort } from '../files/file-errors.js';
import { roomOf } from '../files/sparse.js';
import { type Pin, UNKNOWN_TO_GC } from './pins.js';

export class Logs {
  readonly #context: CacheContext;
  readonly #pin: Pin;
  /** Identifies this process, so that after its death its children can be found by their log. */
  readonly #tag = tagOf(ownIdentity());

  constructor(context: CacheContext, pin: Pin) {
    this.#context = context;
    this.#pin = pin;
  }

  /**
   * Absolute path of the log for an execution that is about to begin. `folder`: log folder of the
   * item. A gc that begins later leaves the log alone while this process lives.
   */
  newPath(folder: string): string {
    const { layout, scratch, warn } = this.#context;
    const logs = path.join(layout.logs, folder);
    scratch.fence.check(logs);
    bestEffort(UNKNOWN_TO_GC, warn, () => this.#pin.place());
    const date = scratch.clocks.date();
    const named = () =>
      path.join(logs, `${date.toISOString().replaceAll(':', '-')}-${this.#tag}.log`);
    // Two reads of the clock may return the same time.
    while (lstatIfThere(named()) !== undefined) date.setMilliseconds(date.getMilliseconds() + 1);
    return named();
  }

  /** Adds a finished log to the size of the cache. */
  count(file: string): void {
    const stat = lstatIfThere(file);
    if (stat !== undefined) this.#context.onSize(roomOf(stat));
  }
}
