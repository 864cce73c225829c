/**
 * Guards cache folders that other users may write to: no write follows a link that leads out of the
 * cache.
 */
import path from 'node:path';
import { UserError } from '../../error.js';
import { lstatIfThere } from '../../sys/if-there.js';
import { whyNoFolder } from '../../sys/no-folder.js';
import { realPath, realpathIfThere } from '../../sys/real-place.js';

/** The cache folder may be a link; no folder below it may lead outside. Checks each folder once. */
export class Fence {
  readonly #root: string;
  #realRoot: string | undefined;
  readonly #passed = new Set<string>();

  /** @throws UserError when the cache folder is not a folder, and none can be created there */
  constructor(root: string) {
    this.#root = root;
    const why = whyNoFolder(root);
    if (why === undefined) return;
    throw new UserError({
      code: 'cache-folder',
      message: `${root} cannot be the folder of the cache: ${why}`,
      hint: 'remove what is there, or set PIPE_CACHE to another folder',
    });
  }

  /**
   * Call before writing, renaming or deleting anything in a folder of the cache.
   *
   * @throws UserError when the folder, or one above it, is a link that leads out of the cache
   */
  check(folder: string): void {
    const link = this.#linkAt(folder);
    if (link === undefined) return;
    throw new UserError({
      code: 'cache-link',
      message: `${link} is a link that leads out of the cache: pipe does not write through it`,
      hint: 'remove the link; to keep the cache elsewhere, set PIPE_CACHE',
    });
  }

  /** Like `check`, for callers that can skip the folder. */
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
      // Pipe itself creates folders that do not exist yet.
      if (stat === undefined) return undefined;
      if (stat.isSymbolicLink() && !this.#isInside(at)) return at;
      this.#passed.add(at);
    }
    return undefined;
  }

  #isInside(link: string): boolean {
    this.#realRoot ??= realPath(this.#root);
    return realpathIfThere(link)?.startsWith(`${this.#realRoot}${path.sep}`) === true;
  }
}
