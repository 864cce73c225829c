/** The workspace of one process: a scanner over its stat index. */
import path from 'node:path';
import type { ReadSet } from '../../noop/read-set.js';
import type { CacheContext } from '../files/cache-context.js';
import { bestEffort } from '../files/file-errors.js';
import { writeWhole } from '../files/write-whole.js';
import type { Objects } from '../objects/objects.js';
import type { Tree } from '../objects/tree.js';
import { Scanner } from './scanner.js';
import { StatIndex } from './stat-index.js';

export class Workspace {
  readonly scanner: Scanner;
  readonly index: StatIndex;
  /** Stores a listing, so that `why` can name the differences. */
  readonly keepTree: (tree: Tree) => void;
  readonly #file: string;
  readonly #context: CacheContext;

  /** `folder`: the project's folder in the cache. */
  constructor(context: CacheContext, folder: string, objects: Objects, readSet: ReadSet) {
    const { layout, readOnly, warn } = context;
    this.#context = context;
    this.#file = path.join(folder, 'index');
    this.index = new StatIndex(this.#file, warn);
    this.keepTree = ({ bytes, hex }: Tree) => {
      if (!readOnly)
        bestEffort('listings of deps are not saved', warn, () => objects.put(bytes, hex));
    };
    this.scanner = new Scanner(layout.project, this.index, this.keepTree, readSet);
  }

  /** Writes the index if it has changed. */
  save(): void {
    const { scratch, readOnly, warn } = this.#context;
    if (readOnly) return;
    this.scanner.settle();
    if (!this.index.dirty) return;
    bestEffort('the stat index is not saved', warn, () =>
      writeWhole(this.#file, this.index.encode(scratch.clocks.earliest()), scratch, 'expendable'),
    );
    this.index.saved();
  }
}
