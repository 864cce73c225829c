/**
 * How entries came into a watched folder: renamed within it or not. A rename tells of the old name
 * and of the new one with nothing between them, since both happen under the folder's lock.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export class Arrivals {
  readonly #folder: string;
  /** As the events tell it: each one about a name turns it over. */
  readonly #present: Set<string>;
  /** Names that were seen to be no folder: nothing was built in them. */
  readonly #files = new Set<string>();
  /** By name: whether it was renamed from another one here. */
  readonly #renamed = new Map<string, boolean>();
  #last: string | undefined;

  /** To be made when the watch has begun. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#present = new Set(readdirSync(folder));
  }

  /** An entry has come or gone. */
  saw(name: string): void {
    const before = this.#last;
    this.#last = name;
    if (this.#present.delete(name)) {
      this.#renamed.delete(name);
      return;
    }
    this.#present.add(name);
    this.#renamed.set(name, before !== undefined && this.#hasLeft(before));
    if (this.#isFile(name)) this.#files.add(name);
  }

  /** Undefined when it was not seen to come. */
  wasRenamed(name: string): boolean | undefined {
    return this.#renamed.get(name);
  }

  /** Not an epoch's own folder, which goes when it is stored. */
  #hasLeft(name: string): boolean {
    return !/^\d+$/.test(name) && !this.#present.has(name) && !this.#files.has(name);
  }

  #isFile(name: string): boolean {
    try {
      const stat = lstatSync(join(this.#folder, name), { throwIfNoEntry: false });
      return stat !== undefined && !stat.isDirectory();
    } catch {
      return false; // It went away at this moment.
    }
  }
}
