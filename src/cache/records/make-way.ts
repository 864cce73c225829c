/** Clears an out path for a result: deletes what pipe created, moves user files to replaced/. */
import path from 'node:path';
import { lstatIfThere } from '../../sys/if-there.js';
import type { Scratch } from '../files/scratch-folder.js';
import type { Layout } from '../layout.js';
import type { Digest } from '../objects/digest.js';
import type { Objects } from '../objects/objects.js';
import { ForeignSearch } from '../outs/user-files.js';
import type { Workspace } from '../scan/workspace.js';
import { Leftovers } from './left-behind.js';
import type { Pin } from './pins.js';
import { moveBack, moveReplaced, type Replaced, type Replacing } from './replaced.js';

/** Options for clearing an out path. */
export interface ClearOptions {
  /** Digests of what pipe last wrote there. */
  readonly known?: readonly Digest[];
  /** Receives the sentence that names the moved user files. Default: a warning. */
  readonly onReplaced?: (message: string) => void;
}

export interface Parts {
  readonly layout: Layout;
  /** The project's folder in the cache. */
  readonly folder: () => string;
  readonly workspace: () => Workspace;
  readonly objects: Objects;
  readonly scratch: Scratch;
  readonly pin: Pin;
  readonly readOnly: boolean;
  /** Bytes added to the cache; negative: removed. */
  readonly onMoved: (bytes: number) => void;
  readonly warn: (message: string) => void;
}

export class GivingWay {
  readonly #parts: Parts;
  readonly #leftovers: Leftovers;
  /** The files moved away, by out path. */
  readonly #replaced = new Map<string, Replaced>();

  constructor(parts: Parts) {
    this.#parts = parts;
    const { folder, scratch, warn } = parts;
    this.#leftovers = new Leftovers({ project: parts.layout.project, folder, scratch, warn });
  }

  /** Marks what a failed execution left there as not the user's, so that the next run deletes it. */
  noteLeft(where: string): Promise<void> {
    return this.#leftovers.note(where);
  }

  /** Moves files that pipe did not put there to replaced/. */
  async keepForeign(where: string, { known = [], onReplaced }: ClearOptions): Promise<void> {
    const { layout, workspace, objects, pin, readOnly, warn } = this.#parts;
    const { project } = layout;
    if (lstatIfThere(path.join(project, where)) === undefined) return;
    const { scanner, index } = workspace();
    const own = { expected: known, isLeft: this.#leftovers.of(where) };
    const foreign = await new ForeignSearch({ project, scanner, index, objects }, own).find(where);
    if (!readOnly) this.#leftovers.forget(where);
    if (foreign.length === 0) return;
    pin.place();
    try {
      const replaced = moveReplaced(where, foreign, this.#replacing());
      this.#replaced.set(where, replaced);
      (onReplaced ?? warn)(replaced.message);
    } finally {
      scanner.forget(where);
    }
  }

  /** Moves the files back. Returns the sentence that reports it. */
  returnReplaced(where: string): string | undefined {
    const replaced = this.#replaced.get(where);
    if (replaced === undefined) return undefined;
    this.#replaced.delete(where);
    this.#parts.workspace().scanner.forget(where);
    return moveBack(where, replaced, this.#replacing());
  }

  #replacing(): Replacing {
    const { layout, scratch, onMoved } = this.#parts;
    return { project: layout.project, folder: layout.replaced, scratch, onMoved };
  }
}
