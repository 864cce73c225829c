/** A shared folder as a store: a network file system, or a disk that several projects use. */
import { constants } from 'node:fs';
import {
  chmod,
  copyFile,
  link,
  mkdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { hashFile } from '../cache/files/hash.js';
import { finish } from '../cache/files/yielding.js';
import { ownIdentity } from '../sys/identity.js';
import { isWithoutLinks } from '../sys/no-links.js';
import {
  type Body,
  type Change,
  contentOf,
  type Meter,
  type Store,
  StoreError,
  sizeOf,
} from './store.js';

/** Milliseconds after which the guard of an update belongs to a process that was killed. */
const STALE = 10_000;

/** Of a file that all users of the folder may read. */
const SHARED_MODE = 0o666;

/** Milliseconds between two tries to get the guard. */
const PAUSE = 20;

/** Temporary names of all stores of this process. */
let drafts = 0;

export class FileStore implements Store {
  readonly #folder: string;
  readonly #meter: Meter;
  readonly #stale: number;

  /** `folder`: absolute path; the first write creates it, but not the folder above it. */
  constructor(folder: string, meter: Meter, { stale = STALE } = {}) {
    this.#folder = folder;
    this.#meter = meter;
    this.#stale = stale;
  }

  get(name: string, limit: number): Promise<Buffer | undefined> {
    const file = this.#pathOf(name);
    return reading(async () => {
      if ((await stat(file)).size > limit) return undefined;
      const bytes = await readFile(file);
      this.#meter('in', bytes.length);
      return bytes;
    });
  }

  download(name: string, file: string, limit: number): Promise<string | undefined> {
    const from = this.#pathOf(name);
    return reading(async () => {
      const { size } = await stat(from);
      if (size > limit) return undefined;
      await copyFile(from, file, constants.COPYFILE_FICLONE);
      this.#meter('in', size);
      return (await finish(hashFile(file))).hex;
    });
  }

  async has(name: string): Promise<boolean> {
    return (await reading(async () => (await stat(this.#pathOf(name))).isFile())) ?? false;
  }

  /** Writes beside the target and then links or renames, which is atomic on one file system. */
  put(name: string, body: Body, onlyIfAbsent: boolean): Promise<boolean> {
    const file = this.#pathOf(name);
    return this.#withDraft(file, body, async (draft) => {
      if (onlyIfAbsent) return await linkIfAbsent(draft, file);
      await rename(draft, file);
      return true;
    });
  }

  /** Only the process that created the guard file compares and replaces. */
  async update(name: string, limit: number, change: Change): Promise<void> {
    const guard = `${this.#pathOf(name)}.lock`;
    await this.#withDraft(guard, Buffer.alloc(0), async (draft) => {
      let seen = { ino: 0, mtimeMs: 0, at: 0 };
      while (!(await linkIfAbsent(draft, guard))) {
        const there = await reading(() => stat(guard));
        const isSame = there?.ino === seen.ino && there.mtimeMs === seen.mtimeMs;
        // By our clock alone: that of a file server may be an hour ahead.
        if (!isSame && there !== undefined)
          seen = { ino: there.ino, mtimeMs: there.mtimeMs, at: performance.now() };
        else if (performance.now() - seen.at > this.#stale) await rm(guard, { force: true });
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

  async #withDraft<T>(file: string, body: Body, act: (draft: string) => Promise<T>): Promise<T> {
    const { host, pid } = ownIdentity();
    const draft = `${file}.${host.replace(/[^\w.-]/g, '_')}.${pid}.${++drafts}.tmp`;
    try {
      await this.#makeFolder(path.dirname(file));
      try {
        const content = contentOf(body);
        if (typeof content !== 'string') await writeFile(draft, content);
        else {
          await copyFile(content, draft, constants.COPYFILE_FICLONE);
          // The mode of a private object would lock out the other users of the folder.
          await chmod(draft, SHARED_MODE & ~process.umask());
        }
        this.#meter('out', sizeOf(body));
        return await act(draft);
      } finally {
        await rm(draft, { force: true });
      }
    } catch (error) {
      // A full disk can still be read.
      if (isFull(error)) throw new StoreError('refused', (error as Error).message);
      throw storeError(error);
    }
  }

  /** A disk that is not mounted must not make us fill the one below its mount point. */
  async #makeFolder(folder: string): Promise<void> {
    await mkdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await mkdir(folder, { recursive: true });
  }

  #pathOf(name: string): string {
    return path.join(this.#folder, name);
  }
}

async function linkIfAbsent(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    // Without hard links, two writers at once may both believe that they were first.
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
    throw storeError(error);
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function storeError(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const isRefused = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  return new StoreError(isRefused ? 'refused' : 'unreachable', message);
}
