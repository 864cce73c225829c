/**
 * Watches of the folders that chokidar finds. chokidar reads a folder, and then watches it: it misses
 * what is added in between. It names each folder before it reads it, and this watch begins then.
 */
import { type FSWatcher, watch } from 'node:fs';
import { UNREACHABLE, unless } from '../sys/if-there.js';

export class FolderWatches {
  /** Undefined for a folder that was removed or is not readable. */
  readonly #byFolder = new Map<string, FSWatcher | undefined>();
  readonly #onEvent: (folder: string, event: string, name: string) => void;
  readonly #onError: (error: unknown) => void;

  /** `onEvent` gets the kind of a change, and the name of the changed entry of the folder. */
  constructor(
    onEvent: (folder: string, event: string, name: string) => void,
    onError: (error: unknown) => void,
  ) {
    this.#onEvent = onEvent;
    this.#onError = onError;
  }

  /** True for a folder that was found, also if it was replaced since. */
  has(folder: string): boolean {
    return this.#byFolder.has(folder);
  }

  add(folder: string): void {
    if (this.has(folder)) return;
    const onChange = (event: string, name: string | null) => {
      if (name !== null) this.#onEvent(folder, event, name);
    };
    try {
      const found = unless(UNREACHABLE, () => watch(folder, onChange));
      this.#byFolder.set(folder, found?.on('error', this.#onError));
    } catch (error) {
      this.#onError(error);
    }
  }

  close(): void {
    for (const each of this.#byFolder.values()) each?.close();
  }
}
