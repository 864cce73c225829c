/** A shared folder as a store: a network file system, or a disk that several projects use. */
import {
  closeSync,
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { ownIdentity } from '../sys/identity.js';
import { unlessAbsent } from '../sys/if-there.js';
import { type Body, type Store, StoreError } from './store.js';

/** Temporary names of all stores of this process. */
let drafts = 0;

export class FileStore implements Store {
  readonly #folder: string;

  /** `folder`: absolute path; created by the first write. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async get(name: string, limit: number): Promise<Buffer | undefined> {
    return reading(() => {
      const file = this.#pathOf(name);
      return statSync(file).size > limit ? undefined : readFileSync(file);
    });
  }

  async range(name: string, start: number, end: number): Promise<Buffer | undefined> {
    return reading(() => {
      const handle = openSync(this.#pathOf(name), 'r');
      try {
        const bytes = Buffer.alloc(end - start);
        return bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, start));
      } finally {
        closeSync(handle);
      }
    });
  }

  async download(name: string, file: string, limit: number): Promise<boolean> {
    const copied = reading(() => {
      const from = this.#pathOf(name);
      if (statSync(from).size > limit) return false;
      copyFileSync(from, file, constants.COPYFILE_FICLONE);
      return true;
    });
    return copied ?? false;
  }

  async has(name: string): Promise<boolean> {
    return reading(() => statSync(this.#pathOf(name)).isFile()) ?? false;
  }

  /** Writes beside the target and then links or renames, which is atomic on one file system. */
  async put(name: string, body: Body, onlyIfAbsent: boolean): Promise<boolean> {
    const file = this.#pathOf(name);
    const { host, pid } = ownIdentity();
    const draft = `${file}.${host.replace(/[^\w.-]/g, '_')}.${pid}.${++drafts}.tmp`;
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      if (Buffer.isBuffer(body)) writeFileSync(draft, body);
      else copyFileSync(body.file, draft, constants.COPYFILE_FICLONE);
      if (!onlyIfAbsent) renameSync(draft, file);
      else return linkIfAbsent(draft, file);
      return true;
    } catch (error) {
      throw storeError(error);
    } finally {
      rmSync(draft, { force: true });
    }
  }

  close(): void {}

  #pathOf(name: string): string {
    return path.join(this.#folder, name);
  }
}

function linkIfAbsent(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // The file system has no hard links: two writers at once may both believe that they were first.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    if (statSync(file, { throwIfNoEntry: false }) !== undefined) return false;
    renameSync(draft, file);
    return true;
  }
}

function reading<T>(look: () => T): T | undefined {
  try {
    return unlessAbsent(look);
  } catch (error) {
    throw storeError(error);
  }
}

function storeError(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const isRefused = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  return new StoreError(isRefused ? 'refused' : 'unreachable', message);
}
