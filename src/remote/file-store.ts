/** A shared folder as a store: a network file system, or a disk that several projects use. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
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
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { READ } from '../cache/files/hash.js';
import { isWithoutLinks } from '../sys/no-links.js';
import { Draft } from './draft.js';
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

/** So many times as long as a guard may be stale, it is waited for: each writer holds it for a moment. */
const PATIENCE = 6;

/** Milliseconds in which the folder must answer. */
const ANSWER = 5000;

export class FileStore implements Store {
  readonly #folder: string;
  readonly #meter: Meter;
  readonly #stale: number;
  #answers: Promise<void> | undefined;

  /** `folder`: absolute path; the first write creates it, but not the folder above it. */
  constructor(folder: string, meter: Meter, { stale = STALE } = {}) {
    this.#folder = folder;
    this.#meter = meter;
    this.#stale = stale;
  }

  get(name: string, limit: number): Promise<Buffer | undefined> {
    return this.#reading(async () => {
      // Somebody may have put a pipe there.
      const handle = await open(this.#pathOf(name), READ);
      try {
        const found = await handle.stat();
        if (!found.isFile() || found.size > limit) return undefined;
        const bytes = await handle.readFile();
        this.#meter('in', bytes.length);
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

  /** Only the process that created the guard file compares and replaces. */
  async update(name: string, limit: number, change: Change): Promise<void> {
    const guard = `${this.#pathOf(name)}.lock`;
    await this.#withDraft(guard, Buffer.alloc(0), async (draft) => {
      let seen = { ino: 0, mtimeMs: 0, at: 0 };
      const giveUp = performance.now() + PATIENCE * this.#stale;
      while (!(await linkIfAbsent(draft, guard))) {
        const there = await reading(() => stat(guard));
        const isSame = there?.ino === seen.ino && there.mtimeMs === seen.mtimeMs;
        // By our clock alone: that of a file server may be an hour ahead.
        if (!isSame && there !== undefined)
          seen = { ino: there.ino, mtimeMs: there.mtimeMs, at: performance.now() };
        else if (performance.now() - seen.at > this.#stale) await rm(guard, { force: true });
        if (performance.now() > giveUp)
          throw new StoreError('unreachable', `${guard} is there all the time`);
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

  /** The SHA-256 of what it copied. Reads as it does from a server, without blocking: the folder may be slow. */
  async #copy(from: FileHandle, file: string): Promise<string> {
    const draft = await Draft.open(file);
    try {
      for await (const chunk of from.createReadStream({ autoClose: false })) {
        await draft.add(chunk);
        this.#meter('in', chunk.length);
      }
      return await draft.finish();
    } finally {
      await draft.close();
    }
  }

  /** Asks once, in another process: a call to a file server that is gone blocks a thread, and our exit. */
  #reached(): Promise<void> {
    this.#answers ??= answering(this.#folder);
    return this.#answers;
  }

  async #withDraft<T>(file: string, body: Body, act: (draft: string) => Promise<T>): Promise<T> {
    await this.#reached();
    // No one can guess this name and put a link there.
    const draft = `${file}.${randomUUID()}.tmp`;
    try {
      await this.#makeFolder(path.dirname(file));
      try {
        const content = contentOf(body);
        if (typeof content !== 'string') await writeFile(draft, content, { flag: 'wx' });
        else {
          await copyFile(content, draft, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
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
      if (isFull(error)) throw new StoreError('unwritable', (error as Error).message);
      throw storeError(error, 'unwritable');
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

/** @throws StoreError when the folder does not answer in time; whether it exists does not matter */
function answering(folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // Of the file system, which no cache of the client answers.
    const asking = spawn('stat', ['-f', '--', folder, path.dirname(folder)], { stdio: 'ignore' });
    const end = () => {
      asking.kill('SIGKILL');
      asking.unref();
      reject(new StoreError('unreachable', `${folder}: no answer within ${ANSWER / 1000} s`));
    };
    // After a long computation, the answer may be here already.
    const late = setTimeout(() => setImmediate(end), ANSWER);
    // Without the program, nothing is known.
    for (const event of ['exit', 'error'])
      asking.once(event, () => {
        clearTimeout(late);
        resolve();
      });
  });
}

/** @throws an error of the system, as where nothing is, for what is not a file */
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
