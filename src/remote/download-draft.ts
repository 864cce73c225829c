/**
 * A file that is written while it is downloaded: hashed in memory, and written in large pieces,
 * with holes for zeros.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { writeChunk } from '../cache/files/copy.js';
import { dataIn } from '../cache/files/sparse.js';

/** Bytes in one write. A chunk from a connection has at most 64 KiB. */
const PIECE = 2 ** 20;

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
    const piece = Buffer.concat(chunks);
    this.#writing = writeChunk(this.#handle.fd, piece, dataIn(piece), at);
    // The next `#write` or `finish` throws the error.
    this.#writing.catch(() => undefined);
  }
}
