/** Folders of a cache that others may write to: nothing is written through a link that leads out of it. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../error.js';
import { codeOf, isAbsent } from './errors.js';
import { lstatIfThere } from './look.js';

/**
 * The cache folder itself may be a link of the user's; no folder below it may lead outside. Each
 * folder is looked at once by a process.
 */
export class Fence {
  readonly #root: string;
  #realRoot: string | undefined;
  readonly #passed = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Called before anything is written, renamed or deleted in a folder of the cache.
   *
   * @throws UserError when the folder, or one above it, is a link that leads out of the cache
   */
  check(folder: string): void {
    const link = this.#linkAt(folder);
    if (link === undefined) return;
    throw new UserError({
      code: 'cache-link',
      message: `${link} is a link that leads out of the cache: nothing is written through it`,
      hint: 'remove the link; to keep the cache in another place, name it by PIPE_CACHE',
    });
  }

  /** The same for what can be left alone instead. */
  holds(folder: string): boolean {
    return this.#linkAt(folder) === undefined;
  }

  /** The topmost link that leads outside. */
  #linkAt(folder: string): string | undefined {
    if (this.#passed.has(folder)) return undefined;
    let at = this.#root;
    for (const name of path.relative(this.#root, folder).split(path.sep)) {
      if (name === '') continue;
      at = path.join(at, name);
      if (this.#passed.has(at)) continue;
      const stat = lstatIfThere(at);
      // What is not there yet is made by us.
      if (stat === undefined) return undefined;
      if (stat.isSymbolicLink() && !this.#isInside(at)) return at;
      this.#passed.add(at);
    }
    return undefined;
  }

  #isInside(link: string): boolean {
    this.#realRoot ??= realpathSync(this.#root);
    try {
      return realpathSync(link).startsWith(`${this.#realRoot}${path.sep}`);
    } catch (error) {
      if (isAbsent(error) || codeOf(error) === 'ELOOP') return false;
      throw error;
    }
  }
}
