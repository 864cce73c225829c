/** A folder of one's own in tmp/, and the clearing of what dead processes left in theirs. */
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import type { Layout } from '../layout.js';
import { Clocks } from './clocks.js';
import { codeOf, isAbsent } from './errors.js';
import { Fence } from './fence.js';
import { lstatIfThere } from './look.js';
import { isOwnerGone, keepYoung, ownedName } from './owner.js';
import { openUp, removeTree, type Undeleted } from './remove.js';

/** Where gc puts objects for the instant between taking them away and deleting them. */
export const SWEPT = 'swept';

export class Scratch {
  /** The folder that all processes have theirs in. */
  readonly tmp: string;
  /** Around the cache that tmp/ is part of. */
  readonly fence: Fence;
  /** Of the file systems of the cache and the project. */
  readonly clocks: Clocks;
  readonly #beforeFirst: () => void;
  #folder: string | undefined;
  #stopRenewing = () => {};
  #count = 0;
  #umask: number | undefined;

  /** `beforeFirst` is called before anything is made. */
  constructor({ tmp, home, project }: Layout, readOnly: boolean, beforeFirst: () => void) {
    this.tmp = tmp;
    this.fence = new Fence(path.dirname(tmp));
    this.#beforeFirst = beforeFirst;
    const locks = path.join(project, 'cache', 'locks');
    this.clocks = new Clocks({ cache: home, project: locks, readOnly, beforeFirst });
  }

  /** Of this process: asked for once, since asking sets it for an instant. */
  get umask(): number {
    this.#umask ??= process.umask();
    return this.#umask;
  }

  /** A path that nothing is at. */
  file(): string {
    return path.join(this.folder(), String(++this.#count));
  }

  /** A folder of this name, made when needed. */
  named(name: string): string {
    const folder = path.join(this.folder(), name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  folder(): string {
    if (this.#folder === undefined) {
      this.#beforeFirst();
      this.fence.check(this.tmp);
      const folder = path.join(this.tmp, ownedName());
      makeFolder(folder);
      this.#folder = folder;
      this.#stopRenewing = keepYoung(folder);
    }
    return this.#folder;
  }

  /**
   * Takes a folder away at once, to be deleted later. False when it cannot be moved: it lies on
   * another file system, is a mount point, or another user's.
   */
  discard(folder: string): boolean {
    const to = this.file();
    try {
      openUp(folder); // A folder that may not be written may not be moved either.
      renameSync(folder, to);
      return true;
    } catch (error) {
      if (isAbsent(error)) return true;
      if (UNMOVABLE.has(codeOf(error) ?? '')) return false;
      throw error;
    }
  }

  /** Deletes this process's folder with all that is in it. Returns the sentence about what is left. */
  remove(): string | undefined {
    const folder = this.#folder;
    if (folder === undefined) return undefined;
    this.#stopRenewing();
    this.#folder = undefined;
    return removeForGood(folder);
  }
}

const UNMOVABLE: ReadonlySet<string> = new Set(['EXDEV', 'EBUSY', 'EACCES', 'EPERM']);

/** Node says ENOENT of a folder on a read-only file system: asked in one step, the system gives its reason. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    if (!isAbsent(error)) throw error;
    let top = folder;
    while (!existsSync(path.dirname(top))) top = path.dirname(top);
    mkdirSync(top);
    mkdirSync(folder, { recursive: true });
  }
}

/**
 * Deletes what processes that are gone left. `putBack` is given each folder that a gc was killed over:
 * a folder of ours, and no link to another. `warn` is told what cannot be deleted.
 */
export function sweepDead(
  scratch: Scratch,
  putBack: (folder: string) => void,
  warn: (message: string) => void,
): void {
  const { tmp } = scratch;
  for (const name of namesIn(tmp)) {
    const folder = path.join(tmp, name);
    if (!isOwnerGone(folder, scratch.clocks.now)) continue;
    const swept = path.join(folder, SWEPT);
    if (isFolder(folder) && isFolder(swept)) putBack(swept);
    const left = removeForGood(folder);
    if (left !== undefined) warn(left);
  }
}

function isFolder(absolute: string): boolean {
  return lstatIfThere(absolute)?.isDirectory() === true;
}

/** Names of folders that cannot be deleted: no owner is in them, so that no later run tries, or tells it again. */
const STUCK = 'stuck-';

/**
 * Deletes a process's folder. What cannot be deleted is set aside, and told by the sentence that is
 * returned. A stage may outlive its runner by a moment and write into the folder while it goes, and a
 * file server may hold a file that is open: that is left to the next run, untold.
 */
function removeForGood(folder: string): string | undefined {
  const left = removeTree(folder);
  if (left === undefined || PASSING.has(left.reason)) return undefined;
  const aside = path.join(path.dirname(folder), `${STUCK}${path.basename(folder)}`);
  const moved = isMoved(folder, aside) ? { ...left, path: aside } : left;
  return notDeleted(moved);
}

const PASSING: ReadonlySet<string> = new Set(['ENOTEMPTY', 'EEXIST', 'EBUSY']);

function isMoved(folder: string, aside: string): boolean {
  try {
    renameSync(folder, aside);
    return true;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

export function notDeleted({ path: where, reason }: Undeleted): string {
  const cure = Object.hasOwn(CURES, reason) ? CURES[reason] : 'delete it by hand';
  return `${where} cannot be deleted (${reason}): ${cure}`;
}

const CURES: Readonly<Record<string, string>> = {
  EPERM: 'delete it by hand, after chattr -i if it is immutable',
  EROFS: 'it is mounted read-only: unmount it, then delete it by hand',
};

/** The names in a folder; none when there is no such folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
