/**
 * Detects whether an entry arrives in a watched folder by a rename within it. A rename reports the
 * old and the new name with nothing between them, because both happen under the folder's lock.
 *
 * Names are toggled by events, since the disk may be further on than the events. But a changed mode or
 * time of a folder is an event like any other, and the system may report two of them as one. So a name
 * that was reported last, and that the disk lacks, has left as well. A draft that is older than the
 * folder that arrived cannot be that folder, whatever was reported.
 */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unlessRefused } from '../sys/if-there.js';

export class Arrivals {
  readonly #folder: string;
  /** Names present according to the events: each event toggles its name. */
  readonly #present: Set<string>;
  /** Names seen as files: nothing can be built in them. */
  readonly #files = new Set<string>();
  /** For each name, whether it was renamed from another name in this folder. */
  readonly #renamed = new Map<string, boolean>();
  /** For each name: the name reported before it, if that did not exist on disk any more. */
  readonly #follows = new Map<string, string>();
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
    // A name that is reported again after an arrival was still there at the arrival.
    for (const [arrived, draft] of this.#follows) if (draft === name) this.#follows.delete(arrived);
    this.#follows.delete(name);
    if (this.#present.delete(name)) {
      this.#renamed.delete(name);
      return;
    }
    this.#present.add(name);
    const draft = before !== undefined && this.#isDraft(before) ? before : undefined;
    if (draft !== undefined && this.#isOlder(draft, name)) this.#present.add(draft);
    this.#renamed.set(name, draft !== undefined && !this.#present.has(draft));
    if (draft !== undefined && this.#statOf(draft) === undefined) this.#follows.set(name, draft);
    if (this.#statOf(name)?.isDirectory() === false) this.#files.add(name);
  }

  /** Undefined if the arrival was not seen. Call when all pending events have been handled. */
  wasRenamed(name: string): boolean | undefined {
    const draft = this.#follows.get(name);
    if (draft === undefined) return this.#renamed.get(name);
    this.#present.delete(draft);
    this.#renamed.set(name, true);
    return true;
  }

  /** Not an epoch's own folder, which disappears when it is stored. */
  #isDraft(name: string): boolean {
    return !/^\d+$/.test(name) && !this.#files.has(name);
  }

  /** False within a tick of the clock. A draft that a stage creates again after the rename is younger. */
  #isOlder(draft: string, name: string): boolean {
    const [old, young] = [this.#statOf(draft), this.#statOf(name)];
    return old !== undefined && young !== undefined && old.birthtimeNs < young.birthtimeNs;
  }

  #statOf(name: string) {
    return unlessRefused(() => lstatSync(join(this.#folder, name), { bigint: true }));
  }
}
