/** Copies that know what they copied: every byte that is written was hashed on its way. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  ftruncate,
  openSync,
  readSync,
  rmSync,
  type Stats,
  write,
} from 'node:fs';
import { promisify } from 'node:util';
import { codeOf } from './errors.js';
import { CHUNK, READ, readBuffer } from './hash.js';
import { Pace } from './pace.js';
import { dataIn, lengthOf, roomOf } from './sparse.js';

/** One being hashed, the others on their way to the disk. */
const CHUNKS = 4;

/** Files up to this size are copied at once: a turn of the event loop would cost more. */
export const SMALL = CHUNK;

const writeFrom = promisify(write);
const setSize = promisify(ftruncate);

export interface Copied {
  readonly hex: string;
  readonly size: number;
  /** Bytes of the copy that take room: its holes do not. */
  readonly room: number;
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
 * Copies from the start of one open file to another, or only hashes. Writing goes on beside reading
 * and hashing, and the event loop has its turn after each chunk.
 */
export async function copyHashing(from: number, to: number | undefined): Promise<Copied> {
  const buffers = idle ?? Array.from({ length: CHUNKS }, () => Buffer.allocUnsafeSlow(CHUNK));
  idle = undefined;
  const sum = createHash('sha256');
  const writes: (Promise<void> | undefined)[] = new Array(CHUNKS).fill(undefined);
  const pace = new Pace();
  let size = 0;
  let end = 0;
  let room = 0;
  try {
    for (let turn = 0; ; turn = (turn + 1) % CHUNKS) {
      await writes[turn];
      if (pace.due()) await pace.rest();
      const buffer = buffers[turn] as Buffer;
      const count = readSync(from, buffer, 0, CHUNK, size);
      if (count === 0) break;
      const chunk = buffer.subarray(0, count);
      if (to !== undefined) {
        const edges = dataIn(chunk);
        writes[turn] = observed(writeChunk(to, chunk, edges, size));
        end = edges.length === 0 ? end : size + (edges.at(-1) as number);
        room += lengthOf(edges);
      }
      sum.update(chunk);
      size += count;
    }
    await Promise.all(writes);
    if (to !== undefined && end < size) await setSize(to, size);
    return { hex: sum.digest('hex'), size, room };
  } finally {
    // Nothing may touch the buffers or the file after we are gone, however we go.
    await Promise.allSettled(writes);
    idle = buffers;
  }
}

/** It may fail while we wait for something else; who awaits it later is told all the same. */
function observed(writing: Promise<void>): Promise<void> {
  writing.catch(() => {});
  return writing;
}

/** `edges`: where the data of the chunk begins and ends. */
async function writeChunk(
  to: number,
  chunk: Buffer,
  edges: readonly number[],
  position: number,
): Promise<void> {
  for (let edge = 0; edge < edges.length; edge += 2) {
    const end = edges[edge + 1] as number;
    for (let at = edges[edge] as number; at < end; ) {
      at += (await writeFrom(to, chunk, at, end - at, position + at)).bytesWritten;
    }
  }
}

let canClone = true;

/**
 * Copies an open file to a new one of the given mode: a clone where the file system can, which is
 * then hashed as it is; else a copy, hashed on its way. `finish` is called before the copy is closed.
 * A clone begins with the mode of its source, so it is not made where that would show more.
 */
export async function copyToDraft(
  source: string,
  from: number,
  draft: string,
  mode: number,
  finish?: (to: number, copied: Copied) => void,
): Promise<Copied> {
  const isNarrower = (fstatSync(from).mode & 0o044 & ~mode) !== 0;
  const clone = canClone && !isNarrower ? tryClone(source, draft) : undefined;
  if (!isNarrower) canClone = clone !== undefined;
  const to = clone ?? openSync(draft, 'wx', mode);
  try {
    let copied = await copyHashing(clone ?? from, clone === undefined ? to : undefined);
    if (clone !== undefined) {
      fchmodSync(clone, mode & ~process.umask());
      copied = { ...copied, room: roomOf(fstatSync(clone)) };
    }
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
