/** The workspace of one process: a scanner over its stat index. */
import path from 'node:path';
import type { ReadSet } from '../../noop/read-set.js';
import { bestEffort } from '../files/file-errors.js';
import type { Scratch } from '../files/scratch-folder.js';
import { writeWhole } from '../files/write-whole.js';
import type { Objects } from '../objects/objects.js';
import type { Tree } from '../objects/tree.js';
import { Scanner } from './scanner.js';
import { StatIndex } from './stat-index.js';

interface WorkspaceOptions {
  /** Absolute path; workspace paths are relative to it. */
  readonly project: string;
  /** The project's folder in the cache. */
  readonly folder: string;
  readonly objects: Objects;
  readonly scratch: Scratch;
  readonly readOnly: boolean;
  readonly readSet: ReadSet;
  readonly warn: (message: string) => void;
}

export class Workspace {
  readonly scanner: Scanner;
  readonly index: StatIndex;
  /** Stores a listing, so that `why` can name the differences. */
  readonly keepTree: (tree: Tree) => void;
  readonly #file: string;
  readonly #options: WorkspaceOptions;

  constructor(options: WorkspaceOptions) {
    const { project, folder, objects, readOnly, readSet, warn } = options;
    this.#options = options;
    this.#file = path.join(folder, 'index');
    this.index = new StatIndex(this.#file, warn);
    this.keepTree = ({ bytes, hex }: Tree) => {
      if (!readOnly)
        bestEffort('listings of deps are not saved', warn, () => objects.put(bytes, hex));
    };
    this.scanner = new Scanner(project, this.index, this.keepTree, readSet);
  }

  /** Writes the index if it has changed. */
  save(): void {
    const { scratch, readOnly, warn } = this.#options;
    if (readOnly) return;
    this.scanner.settle();
    if (!this.index.dirty) return;
    bestEffort('the stat index is not saved', warn, () =>
      writeWhole(this.#file, this.index.encode(scratch.clocks.earliest()), scratch, 'expendable'),
    );
    this.index.saved();
  }
}
