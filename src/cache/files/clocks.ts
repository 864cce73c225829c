/** The clocks of the file systems that a cache and its project are on. No time of a file is compared with ours. */
import { mkdirSync } from 'node:fs';
import { clockIfReadable, type Reading } from '../../sys/fs-clock.js';
import { type Clock, NEVER } from './clock.js';

/** A clock is read again after so long, since it may be set. */
const FRESH_MS = 10_000;

interface Options {
  /** A folder of the cache. */
  readonly cache: string;
  /** A folder of the project that pipe writes to, whatever cache folder is named; it may not be there. */
  readonly project: string;
  /** Nothing is written: then no time is known, and nothing that rests on one is done. */
  readonly readOnly: boolean;
  /** Called before anything is made. */
  readonly beforeFirst: () => void;
}

export class Clocks implements Clock {
  readonly #options: Options;
  readonly #readings = new Map<string, Reading | undefined>();
  #isMade = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The time where the cache is; never later than it is. `NEVER` when it cannot be read. */
  readonly now = (): number => timeBy(this.#ofCache(), performance.now());

  /** For names that tell a time. */
  date(): Date {
    const now = this.now();
    return new Date(now === NEVER ? Date.now() : now);
  }

  timeAt(dev: number, moment: number): number {
    const cache = this.#ofCache();
    if (cache === undefined || cache.dev === dev) return timeBy(cache, moment);
    const project = this.#read(this.#options.project);
    if (project?.dev === dev) return timeBy(project, moment);
    // Neither the cache's nor the project's: disks of this machine have its own clock.
    return Date.now() - (performance.now() - moment);
  }

  /** The earliest of all that are known, ours included. */
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
      mkdirIfAllowed(cache);
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

/** Where it may not, no clock is read either. */
function mkdirIfAllowed(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
  }
}
