/**
 * Detects whether an entry arrives in a watched folder by a rename within it. A rename reports the
 * old and the new name with nothing between them, because both happen under the folder's lock.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export class Arrivals {
  readonly #folder: string;
  /** Names present according to the events: each event toggles its name. */
  readonly #present: Set<string>;
  /** Names seen as files: nothing can be built in them. */
  readonly #files = new Set<string>();
  /** For each name, whether it was renamed from another name in this folder. */
  readonly #renamed = new Map<string, boolean>();
  #last: string | undefined;

  /** Construct after the watch has begun. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#present = new Set(readdirSync(folder));
  }

  /** Handles an event: an entry appeared or disappeared. */
  record(name: string): void {
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

  /** Undefined if the arrival was not seen. */
  wasRenamed(name: string): boolean | undefined {
    return this.#renamed.get(name);
  }

  /** Except an epoch's own folder, which disappears when it is stored. */
  #hasLeft(name: string): boolean {
    return !/^\d+$/.test(name) && !this.#present.has(name) && !this.#files.has(name);
  }

  #isFile(name: string): boolean {
    try {
      const stat = lstatSync(join(this.#folder, name), { throwIfNoEntry: false });
      return stat !== undefined && !stat.isDirectory();
    } catch {
      return false; // It has just disappeared.
    }
  }
}
