/**
 * Taking files of the cache away beside processes that use it. A file is first moved, then looked
 * at, then deleted: who began to use it in between has set its time, and then it is put back.
 */
import { linkSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { codeOf, isAbsent } from '../files/errors.js';
import type { Fence } from '../files/fence.js';
import { lstatIfThere, renew } from '../files/look.js';
import { removeTree, type Undeleted } from '../files/remove.js';
import { namesIn, type Scratch, SWEPT } from '../files/scratch.js';

export class Sweeper {
  readonly #root: string;
  readonly #fence: Fence;
  readonly #folder: string;
  /** What is as new as this stays. */
  readonly #horizon: number;
  readonly #dry: boolean;

  constructor(root: string, scratch: Scratch, horizon: number, dry: boolean) {
    this.#root = root;
    this.#fence = scratch.fence;
    this.#folder = dry ? '' : scratch.named(SWEPT);
    this.#horizon = horizon;
    this.#dry = dry;
  }

  /** True of what was stored or used only just now (a time in milliseconds since 1970): it stays. */
  isTooNew(time: number): boolean {
    return time >= this.#horizon;
  }

  /** True when the file is gone, or would be. */
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
    if (now === undefined) return false; // Taken back.
    if (this.isTooNew(now.mtimeMs)) {
      putBackOne(away, file);
      return false;
    }
    rmSync(away, { force: true });
    return true;
  }

  /** A file that nothing can come to need, and its folder when it was the last one in it. */
  removeFile(file: string): void {
    if (this.#dry) return;
    const folder = path.dirname(file);
    this.#fence.check(folder);
    rmSync(file, { force: true });
    this.prune(folder);
  }

  /** A folder with all that is in it, which no process can be about to use. Undefined when it is gone. */
  removeFolder(folder: string): Undeleted | undefined {
    if (this.#dry) return undefined;
    this.#fence.check(path.dirname(folder));
    return removeTree(folder);
  }

  /** Removes a folder when nothing is in it. */
  prune(folder: string): void {
    if (this.#dry) return;
    try {
      rmdirSync(folder);
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && !isAbsent(error)) throw error;
    }
  }
}

/**
 * Takes a file back that a gc has moved away to look at: who refers to it need not wait for what the
 * gc, or the next start after one that was killed, will find. True when it is in its place again.
 */
export function takeBack({ tmp, fence, clocks }: Scratch, file: string): boolean {
  const name = awayName(path.dirname(tmp), file);
  for (const owner of namesIn(tmp)) {
    const folder = path.join(tmp, owner, SWEPT);
    const away = path.join(folder, name);
    if (!fence.holds(folder) || lstatIfThere(away)?.isFile() !== true) continue;
    fence.check(path.dirname(file));
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      linkSync(away, file);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' && !isAbsent(error)) renameSync(away, file);
    }
    // Its new time tells the gc to leave it.
    if (renew(file, clocks.date())) return true;
  }
  return lstatIfThere(file) !== undefined;
}

/** Where in a gc's folder a file lies while it is looked at. */
function awayName(root: string, file: string): string {
  return path.relative(root, file).replaceAll('/', '~');
}

/** Names that gc gives: those of objects, of results and of states, and of records. */
const AWAY_NAME =
  /^v\d+~(?:(?:chains~[0-9a-f]{64}~)?objects~[0-9a-f]{2}~[0-9a-f]{62}|records~([0-9a-f]{2})~\1[0-9a-f]{62}\.json)$/;

/**
 * Puts back what a killed gc had just moved: some of it may have been in use. Others may have put
 * files there too: a name that no gc gives, and what is not a file, is left to be deleted.
 */
export function putBack(root: string, folder: string, fence: Fence): void {
  for (const name of namesIn(folder)) {
    const isFile = lstatIfThere(path.join(folder, name))?.isFile() === true;
    if (!AWAY_NAME.test(name) || !isFile) continue;
    const file = path.join(root, name.replaceAll('~', '/'));
    fence.check(path.dirname(file));
    mkdirSync(path.dirname(file), { recursive: true });
    putBackOne(path.join(folder, name), file);
  }
}

function putBackOne(away: string, file: string): void {
  try {
    linkSync(away, file);
  } catch (error) {
    // Stored anew meanwhile; or no links here, and then nothing can be there that a rename would hurt.
    if (codeOf(error) !== 'EEXIST') renameSync(away, file);
  }
  rmSync(away, { force: true });
}
