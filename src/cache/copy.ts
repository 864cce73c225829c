/** Copies that know what they copied: every byte that is written was hashed on its way. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  openSync,
  read,
  readSync,
  rmSync,
  type Stats,
  write,
} from 'node:fs';
import { promisify } from 'node:util';
import { codeOf } from './errors.js';
import { READ, readBuffer } from './hash.js';

const CHUNK = 1 << 20;
/** One being read, one being hashed, one being written. */
const CHUNKS = 3;

/** Files up to this size are copied at once: a turn of the event loop would cost more. */
export const SMALL = CHUNK;

const readInto = promisify(read);
const writeFrom = promisify(write);

export interface Copied {
  readonly hex: string;
  readonly size: number;
}

/** A small file as a view of the shared buffer, good until the next read; undefined when it is not small. */
export function readSmall(file: string): { bytes: Buffer; after: Stats } | undefined {
  const handle = openSync(file, READ);
  try {
    const buffer = readBuffer();
    let size = 0;
    for (;;) {
      const count = readSync(handle, buffer, size, CHUNK - size, null);
      if (count === 0) return { bytes: buffer.subarray(0, size), after: fstatSync(handle) };
      size += count;
      if (size === CHUNK) return undefined;
    }
  } finally {
    closeSync(handle);
  }
}

let idle: Buffer[] | undefined;

/**
 * Copies from the start of one open file to another, or only hashes. Reading, hashing and writing
 * go on at the same time, so that the sum costs little more than the copy.
 */
export async function copyHashing(from: number, to: number | undefined): Promise<Copied> {
  const buffers = idle ?? Array.from({ length: CHUNKS }, () => Buffer.allocUnsafeSlow(CHUNK));
  idle = undefined;
  const sum = createHash('sha256');
  const writes: (Promise<void> | undefined)[] = new Array(CHUNKS).fill(undefined);
  let reading: Promise<number> = readChunk(from, buffers[0] as Buffer, 0);
  let size = 0;
  try {
    for (let turn = 0; ; turn++) {
      const slot = turn % CHUNKS;
      const count = await reading;
      if (count === 0) break;
      const next = (turn + 1) % CHUNKS;
      await writes[next];
      reading = readChunk(from, buffers[next] as Buffer, size + count);
      const chunk = (buffers[slot] as Buffer).subarray(0, count);
      if (to !== undefined) writes[slot] = writeChunk(to, chunk, size);
      sum.update(chunk);
      size += count;
    }
    await Promise.all(writes);
    return { hex: sum.digest('hex'), size };
  } finally {
    // Nothing may touch the buffers or the files after we are gone, however we go.
    await Promise.allSettled([reading, ...writes]);
    idle = buffers;
  }
}

async function readChunk(from: number, buffer: Buffer, position: number): Promise<number> {
  return (await readInto(from, buffer, 0, CHUNK, position)).bytesRead;
}

async function writeChunk(to: number, chunk: Buffer, position: number): Promise<void> {
  let at = 0;
  while (at < chunk.length) {
    at += (await writeFrom(to, chunk, at, chunk.length - at, position + at)).bytesWritten;
  }
}

let canClone = true;

/**
 * Copies an open file to a new one of the given mode: a clone where the file system can, which is
 * then hashed as it is; else a copy, hashed on its way. `finish` is called before the copy is closed.
 */
export async function copyToDraft(
  source: string,
  from: number,
  draft: string,
  mode: number,
  finish?: (to: number, copied: Copied) => void,
): Promise<Copied> {
  const clone = canClone ? tryClone(source, draft) : undefined;
  canClone = clone !== undefined;
  const to = clone ?? openSync(draft, 'wx', mode);
  try {
    const copied = await copyHashing(clone ?? from, clone === undefined ? to : undefined);
    if (clone !== undefined) fchmodSync(clone, mode & ~process.umask());
    finish?.(to, copied);
    return copied;
  } finally {
    closeSync(to);
  }
}

/** An open clone; undefined where the file system has none. */
function tryClone(from: string, to: string): number | undefined {
  try {
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
  } catch (error) {
    // Whatever else the reason is, the copy that follows either works or tells it.
    if (codeOf(error) !== 'EEXIST') rmSync(to, { force: true });
    return undefined;
  }
  return openSync(to, 'r');
}
