/**
 * Taking files of the cache away beside processes that use it. A file is first moved, then looked
 * at, then deleted: who began to use it in between has set its time, and then it is put back.
 */
import { linkSync, mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { codeOf, isAbsent } from './errors.js';
import { lstatIfThere } from './look.js';
import { namesIn, type Scratch, SWEPT } from './scratch.js';

export class Sweeper {
  readonly #root: string;
  readonly #folder: string;
  /** What is as new as this stays. */
  readonly #horizon: number;
  readonly #dry: boolean;

  constructor(root: string, scratch: Scratch, horizon: number, dry: boolean) {
    this.#root = root;
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
    const away = path.join(this.#folder, path.relative(this.#root, file).replaceAll('/', '~'));
    try {
      renameSync(file, away);
    } catch (error) {
      if (isAbsent(error)) return true;
      throw error;
    }
    if (this.isTooNew(lstatIfThere(away)!.mtimeMs)) {
      putBackOne(away, file);
      return false;
    }
    rmSync(away, { force: true });
    return true;
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

/** Puts back what a killed gc had just moved: some of it may have been in use. */
export function putBack(root: string, folder: string): void {
  for (const name of namesIn(folder)) {
    const file = path.join(root, name.replaceAll('~', '/'));
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
