/** Files that are open for the time of one call, and files that grow. */
import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { unlessAbsent } from './if-there.js';

/** @param mode of a file that is created */
export function withFile<T>(
  file: string,
  flags: string | number,
  use: (handle: number) => T,
  mode?: number,
): T {
  const handle = openSync(file, flags, mode);
  try {
    return use(handle);
  } finally {
    closeSync(handle);
  }
}

/** The last bytes of an open file of that size, as text. */
export function lastText(handle: number, size: number, most: number): string {
  const buffer = Buffer.alloc(Math.min(size, most));
  const bytes = readSync(handle, buffer, 0, buffer.length, size - buffer.length);
  return buffer.toString('utf8', 0, bytes);
}

const CHUNK = 64 * 1024;

/** Reads the lines that others append to a file. */
export class LineTail {
  readonly #file: string;
  readonly #decoder = new StringDecoder('utf8');
  #position = 0;
  #rest = '';

  constructor(file: string) {
    this.#file = file;
  }

  /** Complete lines that were added since the last call; none while the file does not exist. */
  next(): string[] {
    const added = unlessAbsent(() => withFile(this.#file, 'r', (handle) => this.#added(handle)));
    const lines = (this.#rest + (added ?? '')).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines;
  }

  #added(handle: number): string {
    const buffer = Buffer.alloc(CHUNK);
    let text = '';
    for (;;) {
      const bytes = readSync(handle, buffer, 0, CHUNK, this.#position);
      if (bytes === 0) return text;
      this.#position += bytes;
      text += this.#decoder.write(buffer.subarray(0, bytes));
    }
  }
}
