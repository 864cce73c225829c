/**
 * Interface of a store of bytes by name: `cas/<sha256>` objects, `ac/<key>` records. It never lists
 * names.
 */
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { codeOf, DamagedObject } from '../cache/files/file-errors.js';
import { CHUNK } from '../cache/files/hash.js';

export interface Store {
  /** Undefined if nothing has the name. A body above `limit` bytes counts as absent. */
  get(name: string, limit: number): Promise<Buffer | undefined>;
  /**
   * Writes the body to a file, and stops above `limit` bytes. Returns the SHA-256 of the written
   * bytes, in hexadecimal. Undefined if nothing has the name.
   */
  download(name: string, file: string, limit: number): Promise<string | undefined>;
  /** Size of the body with this name: undefined if there is none, NaN if the store does not report it. */
  sizeOf(name: string): Promise<number | undefined>;
  /** False if `onlyIfAbsent` and something has the name. Readers never see an incomplete body. */
  put(name: string, body: Body, onlyIfAbsent: boolean): Promise<boolean>;
  /**
   * Replaces a body by the result of `change`, so that no writer removes what another one wrote at
   * the same time. `change` returns undefined if there is nothing to write. It may be called
   * several times.
   */
  update(name: string, limit: number, change: Change): Promise<void>;
  /**
   * Seconds by which the server's clock is ahead of ours, known after an answer that contained its
   * time.
   */
  readonly clock?: number | undefined;
  close(): void;
}

export type Change = (before: Buffer | undefined) => Buffer | undefined;

export type Body = Buffer | HashedBody;

/** Bytes, or the path of an immutable file, whose digest is known. */
export interface HashedBody {
  readonly content: Buffer | string;
  readonly size: number;
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly hex: string;
}

/**
 * Why a store gave no answer. `unreadable`, `unwritable`: it does not let us read or write.
 * `unreachable`: no connection, no answer in time, or a server error in every attempt.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: 'unreadable' | 'unwritable' | 'unreachable';
  /** What to do, if the store knows the cause. */
  readonly hint: string | undefined;

  constructor(kind: StoreError['kind'], message: string, hint?: string) {
    super(message);
    this.kind = kind;
    this.hint = hint;
  }
}

export function sizeOf(body: Body): number {
  return Buffer.isBuffer(body) ? body.length : body.size;
}

/** Path of the file that has the bytes; undefined if they are in memory. */
export function fileOf(body: Body): string | undefined {
  return Buffer.isBuffer(body) || typeof body.content !== 'string' ? undefined : body.content;
}

/**
 * In pieces, so that a store counts the bytes while they move. Opens the file first: from then on,
 * gc and `keep` may remove it.
 *
 * @throws DamagedObject if the file is gone or private to another user: the store is not at fault
 */
export async function streamOf(body: Body): Promise<Readable> {
  if (Buffer.isBuffer(body)) return Readable.from(piecesOf(body));
  const { content, hex } = body;
  if (typeof content !== 'string') return Readable.from(piecesOf(content));
  try {
    return (await open(content)).createReadStream({ highWaterMark: CHUNK });
  } catch (error) {
    if (!['ENOENT', 'EACCES'].includes(codeOf(error) ?? '')) throw error;
    throw new DamagedObject(hex, 'missing', (error as Error).message);
  }
}

function* piecesOf(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += CHUNK) yield content.subarray(at, at + CHUNK);
}

/** Counts the bytes that a store receives (`in`) and sends (`out`), as they move. */
export type Counter = (direction: Direction, bytes: number) => void;

export type Direction = 'in' | 'out';

/** The error of what an interrupt ended. */
export function interrupted(): StoreError {
  return new StoreError('unreachable', 'interrupted');
}
