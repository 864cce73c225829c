/** Deletes a tree with all its contents: read-only folders, mount points, paths beyond the system's limit. */
import {
  chmodSync,
  lstatSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import path from 'node:path';
import { lstatIfThere, removeFile, unless, unlessFailed } from '../../sys/if-there.js';
import { isAbsent, reasonOf } from './file-errors.js';

/** The first thing that could not be deleted, and why. */
export interface Undeleted {
  readonly path: string;
  /** Error code: `EACCES`. */
  readonly reason: string;
}

/** Deletes what is at the path and continues past failures. Undefined when nothing is left. */
export function removeTree(absolute: string): Undeleted | undefined {
  try {
    const stat = lstatIfThere(absolute);
    // In fewer system calls than `rmSync`, which an item of a run would call five times.
    if (stat?.isDirectory() === false) removeFile(absolute);
    else if (stat !== undefined) rmSync(absolute, { recursive: true, force: true });
    return undefined;
  } catch (error) {
    // Node's own recursion ends at some 1,000 nested folders.
    const isTooDeep = error instanceof RangeError;
    if (!isTooDeep && (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    return new Removing(absolute).remove();
  }
}

/** Only mount points remain, and the folders above them: only an administrator can remove a mount point. */
export function isEmptiedMount(absolute: string, left: Undeleted): boolean {
  return left.reason === 'EBUSY' && !holdsFiles(absolute);
}

/** Anything but folders, at any depth. True for what cannot be read. */
export function holdsFiles(absolute: string): boolean {
  const holds = unlessFailed(() => {
    const stat = lstatIfThere(absolute);
    if (stat?.isDirectory() !== true) return stat !== undefined;
    return readdirSync(absolute).some((name) => holdsFiles(path.join(absolute, name)));
  });
  return holds ?? true;
}

/**
 * A folder with a longer path is moved up first. The limit is far below the 4096 bytes of a path,
 * and so also below the depth that recursion can handle.
 */
const LONGEST = 2048;

class Removing {
  readonly #root: string;
  /** Folders moved up into the root, to delete after the rest. */
  readonly #moved: Buffer[] = [];
  #names = 0;
  #left: Undeleted | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  remove(): Undeleted | undefined {
    const root = Buffer.from(this.#root);
    this.#clear(root);
    for (let next = this.#moved.pop(); next !== undefined; next = this.#moved.pop())
      this.#remove(next);
    this.#try(root, () => (isDirectory(root) ? rmdirSync(root) : unlinkSync(root)));
    return this.#left;
  }

  #remove(at: Buffer): void {
    const isFolder = isDirectory(at);
    if (isFolder && at.length > LONGEST + this.#root.length) this.#moveUp(at);
    else if (isFolder) {
      this.#clear(at);
      this.#try(at, () => rmdirSync(at));
    } else this.#try(at, () => unlinkSync(at));
  }

  #clear(folder: Buffer): void {
    if (!isDirectory(folder)) return;
    openUp(folder);
    this.#try(folder, () => {
      for (const name of readdirSync(folder, { encoding: 'buffer' }))
        this.#remove(Buffer.concat([folder, SLASH, name]));
    });
  }

  /** Moves a folder to an unused name in the root. */
  #moveUp(at: Buffer): void {
    this.#try(at, () => {
      let to: Buffer;
      do to = Buffer.from(`${this.#root}/deep-${++this.#names}`);
      while (lstatSync(to, { throwIfNoEntry: false }) !== undefined);
      openUp(at);
      renameSync(at, to);
      this.#moved.push(to);
    });
  }

  /** Ignores entries that another process has deleted meanwhile. */
  #try(at: Buffer, act: () => void): void {
    try {
      act();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      if (isAbsent(error)) return;
      this.#left ??= { path: at.toString(), reason: reasonOf(error) };
    }
  }
}

const SLASH = Buffer.from('/');

function isDirectory(at: Buffer): boolean {
  return lstatSync(at, { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * Gives the owner write permission on a folder. True if that was missing. Leaves other users'
 * folders alone, and entries that are not folders.
 */
export function openUp(folder: Buffer | string): boolean {
  const isOpened = unless(['ENOENT', 'ENOTDIR', 'EPERM', 'EROFS'], () => {
    const stat = lstatSync(folder);
    if (!stat.isDirectory() || (stat.mode & 0o700) === 0o700) return false;
    chmodSync(folder, (stat.mode & 0o7777) | 0o700);
    return true;
  });
  return isOpened ?? false;
}
