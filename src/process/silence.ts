/** Whether a holder that cannot be seen has gone: its heartbeat has stopped for long enough. */
import { dirname } from 'node:path';
import { clockIfReadable } from '../sys/fs-clock.js';
import { isFromBeforeBoot, livenessOf } from '../sys/identity.js';
import { BEAT_MS } from './heart.js';
import { type Holder, TORN } from './holder.js';

/** A holder whose counter has stood still for so long, while we looked at it, is gone. */
export const SILENT_MS = 10 * BEAT_MS;

/** Where there are no hard links, a lock file is empty for an instant after it has appeared. */
const TORN_MS = BEAT_MS;

/**
 * Two looks further apart do not count as looking: we, or the file server, stood still meanwhile, and
 * the holder may not have had its chance.
 */
const GAP_MS = 2 * BEAT_MS;

/** By the clock of the file system that it is on. Where that cannot be read, nothing is from before. */
function clockBeside(file: string): () => number {
  return () => clockIfReadable(dirname(file))?.time ?? Number.NEGATIVE_INFINITY;
}

interface Watched {
  readonly word: string;
  /** By our monotonic clock: no two machines' clocks are ever compared. */
  readonly since: number;
  readonly looked: number;
}

/** What one process that waits has seen of the holders it waits for. */
export class Silence {
  readonly #watched = new Map<string, Watched>();

  /** True when the holder of a file is dead for certain, or has been silent. To be asked again and again. */
  isGone(file: string, holder: Holder): boolean {
    switch (livenessOf(holder)) {
      case 'alive':
        return false;
      case 'dead':
        return true;
      default:
        return isFromBeforeBoot(file, holder, clockBeside(file)) || this.#isSilent(file, holder);
    }
  }

  /**
   * True when a file that says nothing has said nothing for long enough. What a crash of the machine
   * leaves says nothing for ever, a file that is just being created does so for an instant.
   */
  isTornForGood(file: string): boolean {
    return this.#stillFor(file, TORN) >= TORN_MS;
  }

  #isSilent(file: string, { token, beat = '' }: Holder): boolean {
    return this.#stillFor(file, `${token} ${beat}`) >= SILENT_MS;
  }

  /** For how many milliseconds we have seen the file say this. */
  #stillFor(file: string, word: string): number {
    const now = performance.now();
    const known = this.#watched.get(file);
    const isSame = known?.word === word && now - known.looked < GAP_MS;
    const since = isSame ? known.since : now;
    this.#watched.set(file, { word, since, looked: now });
    return now - since;
  }
}
