/**
 * Clocks of the file systems of a cache and its project. File times are never compared with this
 * machine's clock.
 */
import { clockIfReadable, type Reading } from '../../sys/fs-clock.js';
import { unlessRefused } from '../../sys/if-there.js';
import { makeFolder } from '../../sys/make-folder.js';
import { type Clock, NEVER } from './mtime-granularity.js';

/** A clock is read again after this time, because the clock may have been set. */
const FRESH_MS = 10_000;

interface Options {
  /** A folder of the cache. */
  readonly cache: string;
  /** A folder of the project that pipe writes to even if the cache is elsewhere; it may not exist. */
  readonly project: string;
  /** Write nothing: then no time is known, and operations that need a time do not happen. */
  readonly readOnly: boolean;
  /** Called before anything is created. */
  readonly beforeFirst: () => void;
}

export class Clocks implements Clock {
  readonly #options: Options;
  readonly #readings = new Map<string, Reading | undefined>();
  #isMade = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Time on the cache's file system; never later than the true time. `NEVER` when it cannot be read. */
  readonly now = (): number => timeBy(this.#ofCache(), performance.now());

  /** For names that contain a time. */
  date(): Date {
    const now = this.now();
    return new Date(now === NEVER ? Date.now() : now);
  }

  timeAt(dev: number, moment: number): number {
    const cache = this.#ofCache();
    if (cache === undefined || cache.dev === dev) return timeBy(cache, moment);
    const project = this.#read(this.#options.project);
    if (project?.dev === dev) return timeBy(project, moment);
    // A third file system: local disks use this machine's clock.
    return Date.now() - (performance.now() - moment);
  }

  /** The earliest of all known clocks, including this machine's. */
  earliest(): number {
    const moment = performance.now();
    const project = this.#read(this.#options.project);
    const known = project === undefined ? [] : [timeBy(project, moment)];
    return Math.min(Date.now(), this.now(), ...known);
  }

  #ofCache(): Reading | undefined {
    const { cache, readOnly, beforeFirst } = this.#options;
    if (!readOnly && !this.#isMade) {
      beforeFirst();
      // A clock cannot be read without write permission.
      unlessRefused(() => makeFolder(cache));
      this.#isMade = true;
    }
    return this.#read(cache);
  }

  #read(folder: string): Reading | undefined {
    if (this.#options.readOnly) return undefined;
    const known = this.#readings.get(folder);
    const isFresh = known !== undefined && performance.now() - known.moment < FRESH_MS;
    if (isFresh) return known;
    const reading = clockIfReadable(folder);
    this.#readings.set(folder, reading);
    return reading;
  }
}

function timeBy(reading: Reading | undefined, moment: number): number {
  return reading === undefined ? NEVER : reading.time + (moment - reading.moment);
}
