/** Clock of a file system, by the times of a file created there: a file server's clock may be years off. */
import { fstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ownIdentity, wordOf } from './identity.js';
import { unlessRefused } from './if-there.js';
import { withFile } from './open-file.js';

export interface Reading {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Device number of the file system. */
  readonly dev: number;
  /** This process's monotonic clock after the reading, when the file system's time was `time` or later. */
  readonly moment: number;
}

let probes = 0;

/** If all readings take longer (busy machine), the fastest counts. */
const QUICK_MS = 1;
const TRIES = 3;

/**
 * Creates and deletes a file in the folder to read the clock.
 *
 * @throws a system error when the folder is not writable
 */
function readClock(folder: string): Reading {
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
  try {
    const { ctimeMs: time, dev } = withFile(file, 'wx', (handle) => fstatSync(handle));
    return { time, dev, moment: performance.now() };
  } finally {
    rmSync(file, { force: true });
  }
}

/** Like `readClock`; undefined on a system error. */
export function clockIfReadable(folder: string): Reading | undefined {
  return unlessRefused(() => readClock(folder));
}
