/**
 * Deletes cache files while other processes use the cache. Moves a file, checks it, then deletes
 * it. A process that began to use it meanwhile has renewed its mtime: then the file is moved back.
 */
import { linkSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { lstatIfThere, namesIn, unless } from '../../sys/if-there.js';
import { makeFolder } from '../../sys/make-folder.js';
import { codeOf, isAbsent } from '../files/file-errors.js';
import type { Fence } from '../files/foreign-links.js';
import { removeTree, type Undeleted } from '../files/remove.js';
import { renew } from '../files/renew.js';
import { type Scratch, SWEPT } from '../files/scratch-folder.js';

export class Sweeper {
  readonly #root: string;
  readonly #fence: Fence;
  readonly #folder: string;
  /** Files at least this new are kept. */
  readonly #horizon: number;
  readonly #dry: boolean;

  constructor(root: string, scratch: Scratch, horizon: number, dry: boolean) {
    this.#root = root;
    this.#fence = scratch.fence;
    this.#folder = dry ? '' : scratch.named(SWEPT);
    this.#horizon = horizon;
    this.#dry = dry;
  }

  /**
   * True for a file that was stored or used too recently to be removed (a time in milliseconds
   * since 1970).
   */
  isTooNew(time: number): boolean {
    return time >= this.#horizon;
  }

  /** True if the file is gone, or would be gone in a dry run. */
  take(file: string): boolean {
    const stat = lstatIfThere(file);
    if (stat === undefined) return true;
    if (this.isTooNew(stat.mtimeMs)) return false;
    if (this.#dry) return true;
    this.#fence.check(path.dirname(file));
    const away = path.join(this.#folder, awayName(this.#root, file));
    try {
      renameSync(file, away);
    } catch (error) {
      if (isAbsent(error)) return true;
      throw error;
    }
    const now = lstatIfThere(away);
    if (now === undefined) return false; // Another process took it back.
    if (this.isTooNew(now.mtimeMs)) {
      putBackOne(away, file);
      return false;
    }
    rmSync(away, { force: true });
    return true;
  }

  /** Deletes a file that nothing can need later, and its folder if that is then empty. */
  removeFile(file: string): void {
    if (this.#dry) return;
    const folder = path.dirname(file);
    this.#fence.check(folder);
    rmSync(file, { force: true });
    this.prune(folder);
  }

  /** Deletes a folder that no process can be about to use. Undefined if it is gone. */
  removeFolder(folder: string): Undeleted | undefined {
    if (this.#dry) return undefined;
    this.#fence.check(path.dirname(folder));
    return removeTree(folder);
  }

  /** Removes an empty folder. */
  prune(folder: string): void {
    if (!this.#dry) unless(['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'], () => rmdirSync(folder));
  }
}

/**
 * Takes back a file that a gc has moved for its check. So its user need not wait for that gc or, if
 * the gc was killed, for the next start. True if the file is back in its place.
 */
export function takeBack({ tmp, fence, clocks }: Scratch, file: string): boolean {
  const name = awayName(path.dirname(tmp), file);
  for (const owner of namesIn(tmp)) {
    const folder = path.join(tmp, owner, SWEPT);
    const away = path.join(folder, name);
    if (!fence.holds(folder) || lstatIfThere(away)?.isFile() !== true) continue;
    fence.check(path.dirname(file));
    try {
      makeFolder(path.dirname(file));
      linkSync(away, file);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' && !isAbsent(error)) renameSync(away, file);
    }
    // The new mtime makes gc keep it.
    if (renew(file, clocks.date())) return true;
  }
  return lstatIfThere(file) !== undefined;
}

/** Path of a file in gc's folder during the check. */
function awayName(root: string, file: string): string {
  return path.relative(root, file).replaceAll('/', '~');
}

/** Names that gc uses: of objects, of results and states, and of records. */
const AWAY_NAME =
  /^v\d+~(?:(?:chains~[0-9a-f]{64}~)?objects~[0-9a-f]{2}~[0-9a-f]{62}|records~([0-9a-f]{2})~\1[0-9a-f]{62}\.json)$/;

/**
 * Moves back the files that a killed gc had just moved, because some of them may be in use. Leaves
 * the rest to be deleted: entries that are not files, or whose names gc never uses. Others may have
 * put them there.
 */
export function putBack(root: string, folder: string, fence: Fence): void {
  for (const name of namesIn(folder)) {
    const isFile = lstatIfThere(path.join(folder, name))?.isFile() === true;
    if (!AWAY_NAME.test(name) || !isFile) continue;
    const file = path.join(root, name.replaceAll('~', '/'));
    fence.check(path.dirname(file));
    makeFolder(path.dirname(file));
    putBackOne(path.join(folder, name), file);
  }
}

function putBackOne(away: string, file: string): void {
  try {
    linkSync(away, file);
  } catch (error) {
    // Another process stored it meanwhile, or the file system has no hard links and a rename is
    // safe.
    if (codeOf(error) !== 'EEXIST') renameSync(away, file);
  }
  rmSync(away, { force: true });
}
