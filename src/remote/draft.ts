/**
 * A file that is written while it is downloaded: hashed in memory, and written in large pieces,
 * with holes for zeros.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

/** Bytes in one write. A chunk from a connection has at most 64 KiB. */
const PIECE = 2 ** 20;

/** A chunk of zeros becomes a hole, as in the cache. */
const ZEROS = Buffer.alloc(64 << 10);

export class Draft {
  readonly #handle: FileHandle;
  #sum = createHash('sha256');
  #size = 0;
  /** Chunks that no write has yet. */
  #chunks: Buffer[] = [];
  #waiting = 0;
  /** The write in progress, while the next piece arrives. */
  #writing = Promise.resolve();

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async open(file: string): Promise<Draft> {
    return new Draft(await open(file, 'w'));
  }

  /** Bytes added so far. */
  get size(): number {
    return this.#size;
  }

  async add(chunk: Buffer): Promise<void> {
    this.#sum.update(chunk);
    this.#size += chunk.length;
    this.#waiting += chunk.length;
    this.#chunks.push(chunk);
    if (this.#waiting >= PIECE) await this.#write();
  }

  /** Discards everything added so far. */
  async restart(): Promise<void> {
    this.#sum = createHash('sha256');
    [this.#size, this.#waiting, this.#chunks] = [0, 0, []];
    await this.#writing;
    await this.#handle.truncate();
  }

  /** The SHA-256 of all bytes, once they are written. */
  async finish(): Promise<string> {
    await this.#write();
    await this.#writing;
    // The last chunk may be a hole.
    await this.#handle.truncate(this.#size);
    return this.#sum.digest('hex');
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#writing]);
    await this.#handle.close();
  }

  async #write(): Promise<void> {
    const [chunks, at] = [this.#chunks, this.#size - this.#waiting];
    [this.#waiting, this.#chunks] = [0, []];
    await this.#writing;
    this.#writing = writeData(this.#handle, chunks, at);
    // The next `#write` or `finish` throws the error.
    this.#writing.catch(() => undefined);
  }
}

async function writeData(
  handle: FileHandle,
  chunks: readonly Buffer[],
  position: number,
): Promise<void> {
  let run: Buffer[] = [];
  let [start, at] = [position, position];
  for (const chunk of chunks) {
    const isHole = chunk[0] === 0 && ZEROS.subarray(0, chunk.length).equals(chunk);
    if (isHole) {
      if (run.length > 0) await writeAt(handle, run, start);
      run = [];
    } else if (run.push(chunk) === 1) start = at;
    at += chunk.length;
  }
  if (run.length > 0) await writeAt(handle, run, start);
}

async function writeAt(
  handle: FileHandle,
  chunks: readonly Buffer[],
  position: number,
): Promise<void> {
  const { bytesWritten } = await handle.writev(chunks, position);
  let at = bytesWritten;
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  // The disk may be full: the next write reports that.
  for (const rest = at < size ? Buffer.concat(chunks) : undefined; rest && at < size; )
    at += (await handle.write(rest, at, size - at, position + at)).bytesWritten;
}
