/**
 * Locates the locks of a path by its real path, so that runs find them under any name, mount or
 * machine.
 */
import path from 'node:path';
import type { Cache } from '../cache/cache.js';
import { oncePer } from '../lists.js';
import { rootAbove } from '../pipeline/root.js';
import { inRealFolder, realPlace } from '../sys/real-place.js';

export interface Home {
  /** Absolute path of the folder with the tickets. */
  readonly folder: string;
  /** The path as the tickets name it. */
  readonly path: string;
}

/** Lock folder for paths outside any project, next to the locked path. */
const LOCKS = '.pipe-locks';

/** Lock folders of one project, and of what its paths lead to. Resolves the project's own place once. */
export class Homes {
  /** Lock folder for the whole project, such as for its pipeline.lock. */
  readonly folder: string;
  readonly #root: string;
  readonly #cache: string;

  constructor(root: string) {
    this.#root = realPlace(root);
    // `cache` may be a link to a folder that several clones share.
    this.#cache = realPlace(path.join(root, 'cache'));
    this.folder = path.join(this.#cache, 'locks');
  }

  /**
   * @param absolute the path to lock; it may not exist yet
   * @param follow resolve a link at the path itself, as for deps
   */
  of(absolute: string, follow: boolean): Home {
    const real = follow ? realPlace(absolute) : inRealFolder(absolute);
    const home = this.#within(real) ?? Homes.#inAnother(real);
    return home ?? { folder: path.join(path.dirname(real), LOCKS), path: path.basename(real) };
  }

  #within(real: string): Home | undefined {
    const { folder } = this;
    if (real.startsWith(`${this.#cache}/`))
      return { folder, path: `cache${real.slice(this.#cache.length)}` };
    if (real.startsWith(`${this.#root}/`))
      return { folder, path: real.slice(this.#root.length + 1) };
    return undefined;
  }

  /** An out of another project, reached by a link. */
  static #inAnother(real: string): Home | undefined {
    const root = rootAbove(path.dirname(real));
    return root === undefined ? undefined : new Homes(root).#within(real);
  }
}

/** A project and its cache folder keep their place while they are in use. */
const homesOfCache = oncePer((cache: Cache) => new Homes(cache.layout.project));

export function homesOf({ cache }: { readonly cache: Cache }): Homes {
  return homesOfCache(cache);
}
