/** A folder of one's own in tmp/, and the clearing of what dead processes left in theirs. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { codeOf, isAbsent } from './errors.js';
import { Fence } from './fence.js';
import { lstatIfThere } from './look.js';
import { isOwnerGone, keepYoung, ownedName, renewChange } from './owner.js';

/** Where gc puts objects for the instant between taking them away and deleting them. */
export const SWEPT = 'swept';

export class Scratch {
  /** The folder that all processes have theirs in. */
  readonly tmp: string;
  /** Around the cache that tmp/ is part of. */
  readonly fence: Fence;
  readonly #beforeFirst: () => void;
  #folder: string | undefined;
  #stopRenewing = () => {};
  #count = 0;

  /** `beforeFirst` is called before anything is made. */
  constructor(tmp: string, beforeFirst: () => void = () => {}) {
    this.tmp = tmp;
    this.fence = new Fence(path.dirname(tmp));
    this.#beforeFirst = beforeFirst;
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

  /** The time by the clock of the file system that the cache lies on, in milliseconds since 1970. */
  readonly now = (): number => renewChange(this.folder());

  /** Takes something away at once, to be deleted later. False when it lies on another file system. */
  discard(absolute: string): boolean {
    try {
      renameSync(absolute, this.file());
      return true;
    } catch (error) {
      if (isAbsent(error)) return true;
      if ((error as NodeJS.ErrnoException).code === 'EXDEV') return false;
      throw error;
    }
  }

  /** Deletes this process's folder with all that is in it. */
  remove(): void {
    if (this.#folder === undefined) return;
    this.#stopRenewing();
    rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}

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
 * a folder of ours, and no link to another.
 */
export function sweepDead(scratch: Scratch, putBack: (folder: string) => void): void {
  const { tmp } = scratch;
  for (const name of namesIn(tmp)) {
    const folder = path.join(tmp, name);
    if (!isOwnerGone(folder, scratch.now)) continue;
    const swept = path.join(folder, SWEPT);
    if (isFolder(folder) && isFolder(swept)) putBack(swept);
    removeUnlessWritten(folder);
  }
}

function isFolder(absolute: string): boolean {
  return lstatIfThere(absolute)?.isDirectory() === true;
}

/**
 * A stage may outlive its runner by a moment and write into the folder while it goes: what is left
 * of it then is the next run's to sweep.
 */
function removeUnlessWritten(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    if (codeOf(error) !== 'ENOTEMPTY') throw error;
  }
}

/** The names in a folder; none when there is no such folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
