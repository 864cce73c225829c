/** The clock of a file system, by the times that it gives to files: a file server's may differ from ours by years. */
import { closeSync, fstatSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ownIdentity, wordOf } from './identity.js';

export interface Reading {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Of the file system. */
  readonly dev: number;
  /** By our own monotonic clock, when the time had been read: it was this time or later there. */
  readonly moment: number;
}

let probes = 0;

/** Among readings that took longer than this, since the machine is busy, the quickest counts. */
const QUICK_MS = 1;
const TRIES = 3;

/**
 * Reads the clock by a file that is made in the folder and deleted.
 *
 * @throws an error of the system when none can be made there
 */
export function readClock(folder: string): Reading {
  let best: Reading | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let time = 0; time < TRIES && least > QUICK_MS; time++) {
    const began = performance.now();
    const reading = probe(folder);
    if (reading.moment - began < least) best = reading;
    least = Math.min(least, reading.moment - began);
  }
  return best as Reading;
}

function probe(folder: string): Reading {
  const file = join(folder, `~clock-${wordOf(ownIdentity())}-${++probes}`);
  const handle = openSync(file, 'wx');
  try {
    const { ctimeMs: time, dev } = fstatSync(handle);
    return { time, dev, moment: performance.now() };
  } finally {
    closeSync(handle);
    rmSync(file, { force: true });
  }
}

/** The same; undefined where the system refuses it. */
export function clockIfReadable(folder: string): Reading | undefined {
  try {
    return readClock(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    return undefined;
  }
}
