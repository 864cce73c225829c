/** What stands at an out path when a result is to come there: pipe's own goes, files of the user are moved. */
import path from 'node:path';
import { lstatIfThere } from '../files/look.js';
import type { Scratch } from '../files/scratch.js';
import type { Layout } from '../layout.js';
import type { Digest } from '../objects/digest.js';
import type { Objects } from '../objects/objects.js';
import { ForeignSearch } from '../outs/foreign.js';
import type { Workspace } from '../scan/workspace.js';
import { Leftovers } from './leftovers.js';
import type { Pin } from './pins.js';
import { moveBack, moveReplaced, type Replaced, type Replacing } from './replaced.js';

/** What gives way at an out path. */
export interface Giving {
  /** Digests of what pipe last put there. */
  readonly known?: readonly Digest[];
  /** Told the sentence that names files of the user that were moved; default: it is a warning. */
  readonly onReplaced?: (message: string) => void;
}

interface Parts {
  readonly layout: Layout;
  /** The project's own folder in the cache. */
  readonly folder: () => string;
  readonly workspace: () => Workspace;
  readonly objects: Objects;
  readonly scratch: Scratch;
  readonly pin: Pin;
  readonly readOnly: boolean;
  /** Bytes that came into the cache, or went. */
  readonly onMoved: (bytes: number) => void;
  readonly warn: (message: string) => void;
}

export class GivingWay {
  readonly #parts: Parts;
  readonly #leftovers: Leftovers;
  /** What was moved out of the way of an out, by its path. */
  readonly #replaced = new Map<string, Replaced>();

  constructor(parts: Parts) {
    this.#parts = parts;
    const { folder, scratch, warn } = parts;
    this.#leftovers = new Leftovers({ project: parts.layout.project, folder, scratch, warn });
  }

  /** What an execution without a result left there is no user's: the next clearing deletes it. */
  noteLeft(where: string): Promise<void> {
    return this.#leftovers.note(where);
  }

  /** Moves what pipe did not put there to replaced/. */
  async keepForeign(where: string, { known = [], onReplaced }: Giving): Promise<void> {
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

  /** Moves it back, and returns the sentence that says so. */
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
