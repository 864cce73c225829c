/** Files that are open for the time of one call, and files that grow. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { unlessAbsent } from './if-there.js';

/**
 * @param mode of a file that is created
 * @throws errors of `use` with the path, which calls on a handle do not know
 */
export function withFile<T>(
  file: string,
  flags: string | number,
  use: (handle: number) => T,
  mode?: number,
): T {
  const handle = openSync(file, flags, mode);
  try {
    return use(handle);
  } catch (error) {
    throw withPath(error, file);
  } finally {
    closeSync(handle);
  }
}

/** The error of a call on a handle, with the path of its file. */
export function withPath(error: unknown, file: string): unknown {
  const { syscall, path } = error as NodeJS.ErrnoException;
  if (syscall === undefined || path !== undefined) return error;
  return Object.assign(error as Error, { path: file });
}

/** The first bytes of a file, as text. */
export function firstText(file: string, most: number, encoding: BufferEncoding = 'utf8'): string {
  const buffer = Buffer.alloc(most);
  return withFile(file, 'r', (handle) => buffer.toString(encoding, 0, readSync(handle, buffer)));
}

/** The last bytes of an open file of that size, as text. */
export function lastText(handle: number, size: number, most: number): string {
  const buffer = Buffer.alloc(Math.min(size, most));
  const bytes = readSync(handle, buffer, 0, buffer.length, size - buffer.length);
  return buffer.toString('utf8', 0, bytes);
}

/** One write may take only a part of the bytes. */
export function writeAll(handle: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) at += writeSync(handle, bytes, at, bytes.length - at);
}

/** Fills the buffer, and returns how many bytes there were: one read may return only a part of them. */
export function readFully(handle: number, buffer: Buffer): number {
  let size = 0;
  while (size < buffer.length) {
    const count = readSync(handle, buffer, size, buffer.length - size, null);
    if (count === 0) break;
    size += count;
  }
  return size;
}

const CHUNK = 64 * 1024;

/** Reads the text that others append to a file. */
export class TextTail {
  readonly #file: string;
  /** Holds back the first bytes of an incomplete character. */
  readonly #decoder = new StringDecoder('utf8');
  #position = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** What was added since the last call, in pieces; nothing while the file does not exist. */
  *pieces(): Generator<string> {
    const buffer = Buffer.alloc(CHUNK);
    for (let bytes = CHUNK; bytes === CHUNK; ) {
      bytes = unlessAbsent(() => this.#fill(buffer)) ?? 0;
      this.#position += bytes;
      if (bytes > 0) yield this.#decoder.write(buffer.subarray(0, bytes));
    }
  }

  #fill(buffer: Buffer): number {
    return withFile(this.#file, 'r', (handle) =>
      readSync(handle, buffer, 0, CHUNK, this.#position),
    );
  }

  /** An incomplete character at the end. */
  rest(): string {
    return this.#decoder.end();
  }
}

/** Reads the lines that others append to a file. */
export class LineTail {
  readonly #tail: TextTail;
  #rest = '';

  constructor(file: string) {
    this.#tail = new TextTail(file);
  }

  /** Complete lines that were added since the last call; none while the file does not exist. */
  next(): string[] {
    let text = this.#rest;
    for (const added of this.#tail.pieces()) text += added;
    const lines = text.split('\n');
    this.#rest = lines.pop() ?? '';
    return lines;
  }
}
