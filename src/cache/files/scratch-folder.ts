/** Scratch folder: this process's folder in tmp/, and the removal of those of dead processes. */
import { renameSync } from 'node:fs';
import path from 'node:path';
import { isFolder, namesIn, unlessFailed } from '../../sys/if-there.js';
import { makeFolder } from '../../sys/make-folder.js';
import type { Layout } from '../layout.js';
import { codeOf, isAbsent } from './file-errors.js';
import { Clocks } from './file-system-clocks.js';
import { Fence } from './foreign-links.js';
import { openUp, removeTree, type Undeleted } from './remove.js';
import { isOwnerGone, keepYoung, ownedName } from './temporary-names.js';

/** Where gc keeps objects between moving and deleting them. */
export const SWEPT = 'swept';

export class Scratch {
  /** The folder that contains every process's scratch folder. */
  readonly tmp: string;
  /** Guards the cache that tmp/ is part of. */
  readonly fence: Fence;
  /** Clocks of the file systems of the cache and the project. */
  readonly clocks: Clocks;
  readonly #beforeFirst: () => void;
  #folder: string | undefined;
  #stopRenewing = () => {};
  #count = 0;
  #umask: number | undefined;

  /** `beforeFirst` is called before anything is created. */
  constructor({ tmp, home, project }: Layout, readOnly: boolean, beforeFirst: () => void) {
    this.tmp = tmp;
    this.fence = new Fence(path.dirname(tmp));
    this.#beforeFirst = beforeFirst;
    const locks = path.join(project, 'cache', 'locks');
    this.clocks = new Clocks({ cache: home, project: locks, readOnly, beforeFirst });
  }

  /** Read once per process, since reading the umask sets it for an instant. */
  get umask(): number {
    this.#umask ??= process.umask();
    return this.#umask;
  }

  /** An unused path. */
  file(): string {
    return path.join(this.folder(), String(++this.#count));
  }

  /** A folder of this name, created if needed. */
  named(name: string): string {
    const folder = path.join(this.folder(), name);
    makeFolder(folder);
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

  /** True if someone else deleted this process's folder, for example with the whole cache. */
  isDeleted(): boolean {
    return this.#folder !== undefined && !isFolder(this.#folder);
  }

  /**
   * Moves a folder away now, and deletes it later. False if it cannot be moved: it is on another
   * file system, a mount point, or another user's.
   */
  discard(folder: string): boolean {
    const to = this.file();
    try {
      openUp(folder); // A folder without write permission cannot be moved.
      renameSync(folder, to);
      return true;
    } catch (error) {
      if (isAbsent(error)) return true;
      if (UNMOVABLE.has(codeOf(error) ?? '')) return false;
      throw error;
    }
  }

  /** Deletes this process's folder. Returns a sentence about what could not be deleted. */
  remove(): string | undefined {
    const folder = this.#folder;
    if (folder === undefined) return undefined;
    this.#stopRenewing();
    this.#folder = undefined;
    return removeForGood(folder);
  }
}

const UNMOVABLE: ReadonlySet<string> = new Set(['EXDEV', 'EBUSY', 'EACCES', 'EPERM']);

/**
 * Deletes what dead processes left. `putBack` receives each folder that a killed gc left: a folder of
 * this cache, not a link elsewhere. `warn` receives what cannot be deleted.
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

/** Name for folders that cannot be deleted. It contains no owner, so that no later run tries again. */
const STUCK = 'stuck-';

/**
 * Deletes a process's folder. Sets aside what cannot be deleted, and returns a sentence about it.
 * Silently leaves temporary obstacles to the next run: a stage that outlives its runner by a moment
 * writes to the folder, or a file server keeps an open file.
 */
function removeForGood(folder: string): string | undefined {
  const left = removeTree(folder);
  if (left === undefined || PASSING.has(left.reason)) return undefined;
  const aside = path.join(path.dirname(folder), `${STUCK}${path.basename(folder)}`);
  const moved = unlessFailed(() => {
    renameSync(folder, aside);
    return { ...left, path: aside };
  });
  return notDeleted(moved ?? left);
}

const PASSING: ReadonlySet<string> = new Set(['ENOTEMPTY', 'EEXIST', 'EBUSY']);

export function notDeleted({ path: where, reason }: Undeleted): string {
  const hint = Object.hasOwn(HINTS, reason) ? HINTS[reason] : 'delete it by hand';
  return `${where} cannot be deleted (${reason}): ${hint}`;
}

const HINTS: Readonly<Record<string, string>> = {
  EPERM: 'delete it by hand, after chattr -i if it is immutable',
  EROFS: 'it is a read-only mount: unmount it, then delete it by hand',
};
