/** A shared folder as a store: a network file system, or a disk that several projects use. */
import { constants } from 'node:fs';
import {
  chmod,
  copyFile,
  type FileHandle,
  link,
  mkdir,
  open,
  rename,
  rm,
  stat,
  statfs,
} from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writeChunk } from '../cache/files/copy.js';
import { READ } from '../cache/files/hash.js';
import { dataIn } from '../cache/files/sparse.js';
import { isWithoutLinks } from '../sys/no-links.js';
import { draftOf } from '../sys/replace-file.js';
import { Draft } from './download-draft.js';
import { reachable } from './folder-answer.js';
import {
  type Body,
  type Change,
  type Counter,
  fileOf,
  interrupted,
  type Store,
  StoreError,
  sizeOf,
  streamOf,
} from './store.js';

/** Milliseconds after which the lock file of an update must belong to a killed process. */
const STALE = 10_000;

/** Mode of a file that all users of the folder may read. */
const SHARED_MODE = 0o666;

/** Milliseconds between two attempts to create the lock file. */
const PAUSE = 20;

/** How long to wait for the lock file, in multiples of `STALE`. Each writer keeps it only for a moment. */
const PATIENCE = 6;

interface Limits {
  /** Milliseconds without a change after which a lock file counts as abandoned. */
  readonly stale?: number;
  /** Ends all reading and writing. */
  readonly signal?: AbortSignal;
  /** Nothing is written, so the folder must exist. */
  readonly readOnly?: boolean;
}

export class FileStore implements Store {
  readonly #folder: string;
  readonly #count: Counter;
  readonly #stale: number;
  readonly #signal: AbortSignal | undefined;
  readonly #readOnly: boolean;
  #answers: Promise<void> | undefined;
  /** False once a clone has failed. */
  #clones = true;

  /** `folder`: absolute path; the first write creates it, but not the folder above it. */
  constructor(folder: string, count: Counter, { stale = STALE, signal, readOnly }: Limits = {}) {
    this.#folder = folder;
    this.#count = count;
    this.#stale = stale;
    this.#signal = signal;
    this.#readOnly = readOnly === true;
  }

  get(name: string, limit: number): Promise<Buffer | undefined> {
    return this.#reading(async () => {
      // There may be a named pipe.
      const handle = await open(this.#pathOf(name), READ);
      try {
        const found = await handle.stat();
        if (!found.isFile() || found.size > limit) return undefined;
        const bytes = await handle.readFile();
        this.#count('in', bytes.length);
        return bytes;
      } finally {
        await handle.close();
      }
    });
  }

  download(name: string, file: string, limit: number): Promise<string | undefined> {
    const from = this.#pathOf(name);
    return this.#reading(async () => {
      const handle = await open(from, READ);
      try {
        const found = await handle.stat();
        return found.isFile() && found.size <= limit ? await this.#copy(handle, file) : undefined;
      } finally {
        await handle.close();
      }
    });
  }

  sizeOf(name: string): Promise<number | undefined> {
    return this.#reading(async () => (await fileStat(this.#pathOf(name))).size);
  }

  /** Writes a file next to the target and then links or renames it, which is atomic on one file system. */
  put(name: string, body: Body, onlyIfAbsent: boolean): Promise<boolean> {
    const file = this.#pathOf(name);
    return this.#withDraft(file, body, async (draft) => {
      if (onlyIfAbsent) return await linkIfAbsent(draft, file);
      await rename(draft, file);
      return true;
    });
  }

  /** Only the process that created the lock file compares and replaces the body. */
  async update(name: string, limit: number, change: Change): Promise<void> {
    const guard = `${this.#pathOf(name)}.lock`;
    await this.#withDraft(guard, Buffer.alloc(0), async (draft) => {
      let seen = { ino: 0, mtimeMs: 0, at: 0 };
      const giveUp = performance.now() + PATIENCE * this.#stale;
      while (!(await linkIfAbsent(draft, guard))) {
        const there = await reading(() => stat(guard));
        const isSame = there?.ino === seen.ino && there.mtimeMs === seen.mtimeMs;
        // Measured by our clock only, because a file server's clock may be an hour ahead.
        if (!isSame && there !== undefined)
          seen = { ino: there.ino, mtimeMs: there.mtimeMs, at: performance.now() };
        else if (performance.now() - seen.at > this.#stale) await rm(guard, { force: true });
        if (performance.now() > giveUp)
          throw new StoreError('unreachable', `${guard} stays locked`);
        await delay(PAUSE);
      }
      try {
        const after = change(await this.get(name, limit));
        if (after !== undefined) await this.put(name, after, false);
      } finally {
        await rm(guard, { force: true });
      }
    });
  }

  close(): void {}

  async #reading<T>(look: () => Promise<T>): Promise<T | undefined> {
    await this.#reached();
    return reading(look);
  }

  /**
   * Returns the SHA-256 of the copied bytes. Reads asynchronously, as from a server, because the
   * folder may be slow.
   */
  async #copy(from: FileHandle, file: string): Promise<string> {
    const draft = await Draft.open(file);
    try {
      for await (const chunk of from.createReadStream({ autoClose: false })) {
        this.#refuseIfEnded();
        await draft.add(chunk);
        this.#count('in', chunk.length);
      }
      return await draft.finish();
    } finally {
      await draft.close();
    }
  }

  /** Checks once that the folder can be used. */
  #reached(): Promise<void> {
    this.#refuseIfEnded();
    this.#answers ??= reachable(this.#folder, this.#readOnly);
    return this.#answers;
  }

  async #withDraft<T>(file: string, body: Body, act: (draft: string) => Promise<T>): Promise<T> {
    await this.#reached();
    const draft = draftOf(file);
    try {
      await this.#makeFolder(path.dirname(file));
      try {
        if (await this.#isCloned(fileOf(body), draft)) this.#count('out', sizeOf(body));
        else await this.#fill(draft, body);
        return await act(draft);
      } finally {
        await rm(draft, { force: true });
      }
    } catch (error) {
      // A full disk is still readable.
      if (isFull(error)) throw new StoreError('unwritable', (error as Error).message);
      throw storeError(error, 'unwritable');
    }
  }

  /** False if the file system does not support it; the reason does not matter, a copy follows. */
  async #isCloned(file: string | undefined, draft: string): Promise<boolean> {
    if (file === undefined || !this.#clones) return false;
    try {
      await copyFile(file, draft, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    } catch {
      this.#clones = false;
      await rm(draft, { force: true });
      return false;
    }
    // The mode of a private object would lock out the other users of the folder.
    await chmod(draft, SHARED_MODE & ~process.umask());
    return true;
  }

  /** Keeps holes. Fails before it fills the disk, because others write to it at the same time. */
  async #fill(draft: string, body: Body): Promise<void> {
    const { bavail, bsize } = await statfs(path.dirname(draft));
    if (sizeOf(body) > bavail * bsize)
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    const handle = await open(draft, 'wx', SHARED_MODE);
    try {
      let size = 0;
      const content: AsyncIterable<Buffer> = await streamOf(body);
      for await (const chunk of content) {
        this.#refuseIfEnded();
        await writeChunk(handle.fd, chunk, dataIn(chunk), size);
        size += chunk.length;
        this.#count('out', chunk.length);
      }
      await handle.truncate(size);
    } finally {
      await handle.close();
    }
  }

  /**
   * Creates only these two levels, so that a disk that is not mounted does not make us fill the disk
   * below its mount point.
   */
  async #makeFolder(folder: string): Promise<void> {
    for (const each of new Set([this.#folder, folder]))
      await mkdir(each).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
  }

  #refuseIfEnded(): void {
    if (this.#signal?.aborted) throw interrupted();
  }

  #pathOf(name: string): string {
    return path.join(this.#folder, name);
  }
}

/** @throws a system error if it is not a file, the same as for an absent one */
async function fileStat(file: string) {
  const found = await stat(file);
  if (!found.isFile()) throw Object.assign(new Error(`${file} is not a file`), { code: 'ENOENT' });
  return found;
}

async function linkIfAbsent(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // Without hard links, two simultaneous writers may both conclude that they were first.
    if (!isWithoutLinks(error)) throw error;
  }
  if ((await reading(() => stat(file))) !== undefined) return false;
  await rename(draft, file);
  return true;
}

async function reading<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw storeError(error, 'unreadable');
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function storeError(error: unknown, refused: StoreError['kind']): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const isRefused = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  return new StoreError(isRefused ? refused : 'unreachable', message);
}
