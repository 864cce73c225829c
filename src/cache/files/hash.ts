/** SHA-256 of files, a chunk at a time: nothing here ever holds a whole artifact. */
import { createHash, hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import type { Sliced } from './pace.js';

/** Measured: a copy in chunks that fit a core's own cache takes half the time of one in megabytes. */
export const CHUNK = 256 << 10;

let shared: Buffer | undefined;

/** One buffer for all synchronous reads: what is read is used before anything else can read. */
export function readBuffer(): Buffer {
  shared ??= Buffer.allocUnsafeSlow(CHUNK);
  return shared;
}

export interface HashedFile {
  readonly hex: string;
  /** Bytes that were read. */
  readonly size: number;
  /** The file as it was when the last byte had been read. */
  readonly after: Stats;
}

/** Not blocking, since what was a file a moment ago may be a pipe now. */
export const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** Hashes a file, with a rest after each chunk. */
export function* hashFile(file: string): Sliced<HashedFile> {
  const handle = openSync(file, READ);
  try {
    const buffer = readBuffer();
    const first = readSync(handle, buffer, 0, CHUNK, null);
    if (first < CHUNK) {
      const rest = first === 0 ? 0 : readMore(handle, buffer, first);
      const size = first + rest;
      if (size < CHUNK) {
        return { hex: hash('sha256', buffer.subarray(0, size)), size, after: fstatSync(handle) };
      }
      return yield* hashLong(handle, size);
    }
    return yield* hashLong(handle, first);
  } finally {
    closeSync(handle);
  }
}

/** A read may give less than there is; the end is where a read gives nothing. */
function readMore(handle: number, buffer: Buffer, filled: number): number {
  let size = filled;
  while (size < CHUNK) {
    const count = readSync(handle, buffer, size, CHUNK - size, null);
    if (count === 0) break;
    size += count;
  }
  return size - filled;
}

function* hashLong(handle: number, filled: number): Sliced<HashedFile> {
  const sum = createHash('sha256');
  const buffer = readBuffer();
  let size = 0;
  for (let count = filled; count > 0; count = readSync(handle, buffer, 0, CHUNK, null)) {
    sum.update(buffer.subarray(0, count));
    size += count;
    yield undefined;
  }
  return { hex: sum.digest('hex'), size, after: fstatSync(handle) };
}
