/** Copy with hashing: hashes every byte before it writes it. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fstatSync,
  ftruncate,
  openSync,
  readSync,
  statSync,
  write,
} from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { withPath } from '../../sys/open-file.js';
import { isCloned } from './copy-tree.js';
import { CHUNK } from './hash.js';
import { dataIn, lengthOf, roomOf } from './sparse.js';
import { Yielder } from './yielding.js';

/** One chunk is being hashed while the others are being written. */
const CHUNKS = 4;

/** Files up to this size are copied synchronously: yielding to the event loop would cost more. */
export const SMALL = CHUNK;

const writeFrom = promisify(write);
const setSize = promisify(ftruncate);

export interface Copied {
  readonly hex: string;
  readonly size: number;
  /** Bytes of the copy allocated on disk, without holes. */
  readonly room: number;
}

let idle: Buffer[] | undefined;

/**
 * Copies one open file to another from the start, or only hashes. Writes overlap with reading and
 * hashing; yields to the event loop after each chunk.
 *
 * @param stop ends the copy: its reason is thrown
 */
export async function copyHashing(
  from: number,
  to: number | undefined,
  stop?: AbortSignal,
): Promise<Copied> {
  const buffers = idle ?? Array.from({ length: CHUNKS }, () => Buffer.allocUnsafeSlow(CHUNK));
  idle = undefined;
  const sum = createHash('sha256');
  const writes: (Promise<void> | undefined)[] = new Array(CHUNKS).fill(undefined);
  const pace = new Yielder();
  let size = 0;
  let end = 0;
  let room = 0;
  try {
    for (let turn = 0; ; turn = (turn + 1) % CHUNKS) {
      await writes[turn];
      if (pace.due()) await pace.rest(stop);
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
    // Buffers and file must be idle after this returns or throws.
    await Promise.allSettled(writes);
    idle = buffers;
  }
}

/** A write may fail before anything awaits it; a later `await` still receives the error. */
function observed(writing: Promise<void>): Promise<void> {
  writing.catch(() => {});
  return writing;
}

/** `edges`: start and end of each run of data in the chunk, as `dataIn` finds them. */
export async function writeChunk(
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

/** Pairs of devices between which a clone failed. */
const uncloned = new Set<string>();

/**
 * Copies an open file to a new one with the given mode. Where the file system supports it, this is
 * a clone, hashed afterwards; else a copy, hashed during the copy. Calls `finish` before it closes
 * the copy. A clone starts with the mode of its source, so it is not used where that would expose
 * more.
 */
export async function copyToDraft(
  source: string,
  from: number,
  draft: string,
  mode: number,
  finish?: (to: number, copied: Copied) => void,
  stop?: AbortSignal,
): Promise<Copied> {
  const { dev, mode: own } = fstatSync(from);
  const pair = `${dev} ${statSync(path.dirname(draft)).dev}`;
  const mayClone = (own & 0o044 & ~mode) === 0 && !uncloned.has(pair);
  const clone = mayClone && isCloned(source, draft) ? openSync(draft, 'r') : undefined;
  if (mayClone && clone === undefined) uncloned.add(pair);
  const to = clone ?? openSync(draft, 'wx', mode);
  try {
    let copied = await copyHashing(clone ?? from, clone === undefined ? to : undefined, stop);
    if (clone !== undefined) {
      fchmodSync(clone, mode & ~process.umask());
      copied = { ...copied, room: roomOf(fstatSync(clone)) };
    }
    finish?.(to, copied);
    return copied;
  } catch (error) {
    throw withPath(error, (error as NodeJS.ErrnoException).syscall === 'read' ? source : draft);
  } finally {
    closeSync(to);
  }
}
