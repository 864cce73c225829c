/** Deleting a tree, whatever is in it: folders that may not be written, mount points, paths longer than the system takes. */
import {
  chmodSync,
  lstatSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
} from 'node:fs';
import { codeOf, isAbsent, reasonOf } from './errors.js';

/** What could not be deleted: the first of it, and why. */
export interface Undeleted {
  readonly path: string;
  /** The code of the system: `EACCES`. */
  readonly reason: string;
}

/**
 * Deletes what lies at the path, and goes on after what it cannot delete. Undefined when all of it is
 * gone, or was never there.
 */
export function removeTree(absolute: string): Undeleted | undefined {
  try {
    rmSync(absolute, { recursive: true, force: true });
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    return new Removing(absolute).remove();
  }
}

/** Its content is gone and it stays: a mount point, which only an administrator can take away. */
export function isEmptiedMount(absolute: string, left: Undeleted): boolean {
  return left.path === absolute && left.reason === 'EBUSY';
}

/**
 * A folder whose path is longer is first moved up. Far below the 4096 bytes that a path may have, and
 * so also below the depth that recursion can take.
 */
const LONGEST = 2048;

class Removing {
  readonly #root: string;
  /** Moved up into the root: looked at after the rest. */
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

  /** To a name in the root that nothing has. */
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

  /** What another process deleted meanwhile is gone. */
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
 * Gives the owner of a folder the right to change it. True when that was missing. Another user's
 * folder, and what is not a folder, stays as it is.
 */
export function openUp(folder: Buffer | string): boolean {
  try {
    const stat = lstatSync(folder);
    if (!stat.isDirectory() || (stat.mode & 0o700) === 0o700) return false;
    chmodSync(folder, (stat.mode & 0o7777) | 0o700);
    return true;
  } catch (error) {
    if (isAbsent(error) || codeOf(error) === 'EPERM' || codeOf(error) === 'EROFS') return false;
    throw error;
  }
}
