/** Detects the death of an invisible holder: its heartbeat has been silent for long enough. */
import { dirname } from 'node:path';
import { clockIfReadable } from '../sys/fs-clock.js';
import { isFromBeforeBoot, livenessOf } from '../sys/identity.js';
import { BEAT_MS } from './heartbeat.js';
import { type LockOwner, TORN } from './lock-owner.js';
import { JobWords } from './own-job.js';

/** A holder whose counter does not change for this long, while observed, is dead. */
export const SILENT_MS = 10 * BEAT_MS;

/** The same limit if its scheduler says that its job has ended. A lost node may still run its processes. */
const ENDED_MS = 4 * BEAT_MS;

/** After this time, its scheduler is queried. */
const ASK_MS = 2 * BEAT_MS;

/** Without hard links, a new lock file is empty for an instant. */
const TORN_MS = BEAT_MS;

/**
 * A longer pause between two checks does not count as observation: this process or the file server
 * paused, and the holder may not have had a chance to write.
 */
const GAP_MS = 2 * BEAT_MS;

/** By the clock of the file's file system. If that cannot be read, no file is old. */
function clockOf(file: string): () => number {
  return () => clockIfReadable(dirname(file))?.time ?? Number.NEGATIVE_INFINITY;
}

interface Watched {
  readonly word: string;
  /** By this process's monotonic clock: clocks of two machines are never compared. */
  readonly since: number;
  readonly looked: number;
}

/** What a waiting process has observed about the holders that it waits for. */
export class Silence {
  readonly #watched = new Map<string, Watched>();
  readonly #jobs: Pick<JobWords, 'of'>;

  constructor(jobs: Pick<JobWords, 'of'> = new JobWords(process.env)) {
    this.#jobs = jobs;
  }

  /** True if the holder of a file is certainly dead, or has been silent. Call repeatedly. */
  isGone(file: string, owner: LockOwner): boolean {
    switch (livenessOf(owner)) {
      case 'alive':
        return false;
      case 'dead':
        return true;
      default:
        return isFromBeforeBoot(file, owner, clockOf(file)) || this.#isSilent(file, owner);
    }
  }

  /**
   * True if a file has been empty for long enough. After a crash of the machine it stays empty; a
   * file that is being created gets its text immediately.
   */
  isTornForGood(file: string): boolean {
    return this.#stillFor(file, TORN) >= TORN_MS;
  }

  #isSilent(file: string, { token, beat = '', job }: LockOwner): boolean {
    const still = this.#stillFor(file, `${token} ${beat}`);
    const word = job && still >= ASK_MS ? this.#jobs.of(job) : undefined;
    // A suspended job is not dead, and continues with everything that it holds.
    return word !== 'stopped' && still >= (word === 'ended' ? ENDED_MS : SILENT_MS);
  }

  /** Milliseconds for which this process has seen the same text. */
  #stillFor(file: string, word: string): number {
    const now = performance.now();
    const known = this.#watched.get(file);
    const isSame = known?.word === word && now - known.looked < GAP_MS;
    const since = isSame ? known.since : now;
    this.#watched.set(file, { word, since, looked: now });
    return now - since;
  }
}
