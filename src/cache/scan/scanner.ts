/**
 * Computes digests of files and folders in the workspace. Scans each path once in a run, unless it
 * was written to.
 */
import type { ReadSet } from '../../noop/read-set.js';
import { DIRECT, Revisits } from '../../sys/revisits.js';
import { codeOf, UnusableFile } from '../files/file-errors.js';
import { lookAt, untilStill } from '../files/refusals.js';
import { type Cooperative, finishSync } from '../files/yielding.js';
import { makeTree, type Tree } from '../objects/tree.js';
import { DiskWalk } from './disk-walk.js';
import { isHollow } from './listing.js';
import { Memo } from './memo.js';
import { fileDigest, type Scan } from './rows.js';
import type { StatIndex } from './stat-index.js';
import {
  ignoreRulesFor,
  type Keeper,
  NOT_INDEXED,
  type ScanOptions,
  type Seen,
  STATS_ALONE,
  type Unsettled,
  type Walk,
} from './walk.js';

const WORTH_SETTLING = 64 << 20;

export class Scanner {
  readonly #project: string;
  readonly #index: StatIndex;
  readonly #keepTree: (tree: Tree) => void;
  readonly #readSet: ReadSet;
  readonly #memo = new Memo();
  readonly #disk: DiskWalk;
  /** Paths where files were hashed within the clock's tick of their last change. */
  readonly #unsettled = new Map<string, Unsettled>();

  /** `keepTree` receives the listings of followed directories, which nothing else stores. */
  constructor(project: string, index: StatIndex, keepTree: (tree: Tree) => void, readSet: ReadSet) {
    this.#project = project;
    this.#index = index;
    this.#keepTree = keepTree;
    this.#readSet = readSet;
    this.#disk = new DiskWalk({ project, index, keepTree, clock: readSet.clock, memo: this.#memo });
  }

  /**
   * Fast path for an unchanged file, which is most scans of a no-op run. Undefined if only a walk
   * can tell.
   */
  unchanged(where: string, options: ScanOptions = {}): Scan | undefined {
    if (options.again) return undefined;
    const view = ignoreRulesFor(options)?.id;
    const known = this.#known(where, view);
    if (known !== undefined) return known ?? undefined;
    const stat = lookAt(`${this.#project}/${where}`, where);
    if (stat === undefined || !stat.isFile()) return undefined;
    const hex = this.#index.looseHex(where, stat);
    if (hex === undefined) return undefined;
    this.#readSet.recordLstat(where, stat);
    const scan: Scan = { digest: fileDigest(stat, hex), size: stat.size, files: 1 };
    this.#memo.set(where, view, scan);
    return scan;
  }

  /** Undefined if nothing exists there. */
  *scan(where: string, options: ScanOptions = {}): Cooperative<Scan | undefined> {
    const { again = false, readSet = this.#readSet, tree = '' } = options;
    const ignoreRules = ignoreRulesFor(options);
    const known = again ? undefined : this.#known(where, ignoreRules?.id);
    if (known !== undefined) return known ?? undefined;
    const seen: Seen = { linkedInside: false, unsettled: 0, revisits: new Revisits() };
    const { age } = this.#memo;
    const start = { tree, inside: [], way: DIRECT, age };
    const walk = { ...start, ignoreRules, again, seen, readSet };
    const found = yield* this.#walk(where, walk);
    if (!seen.linkedInside && age === this.#memo.age)
      this.#memo.set(where, ignoreRules?.id, found ?? null);
    return found;
  }

  /** Like a scan that reads the disk, but passes all contents to the keeper. */
  *keep(where: string, keeper: Keeper): Cooperative<Scan | undefined> {
    const seen: Seen = { linkedInside: false, unsettled: 0, revisits: new Revisits() };
    this.#memo.forget(where);
    const readSet = this.#readSet;
    const start = { tree: '', inside: [], way: DIRECT, age: this.#memo.age };
    const plain = { ...start, ignoreRules: undefined };
    const found = yield* this.#walk(where, { ...plain, again: true, seen, keeper, readSet });
    this.#memo.set(where, undefined, found ?? null);
    return found;
  }

  /**
   * Like `keep`, by stats alone; undefined if the index does not know all of it, or nothing exists
   * there.
   */
  *indexed(where: string): Cooperative<Scan | undefined> {
    try {
      return yield* this.keep(where, STATS_ALONE);
    } catch (error) {
      if (error === NOT_INDEXED || error instanceof UnusableFile) return undefined;
      throw error;
    }
  }

  /** Records the content just written at a path. */
  know(where: string, scan: Scan): void {
    this.#memo.forget(where);
    this.#memo.set(where, undefined, scan);
  }

  forget(where: string): void {
    this.#memo.forget(where);
  }

  /**
   * Reads files again that were too new to be remembered, so that the next run need not. Leaves
   * large files to the next run, which may have other work to do meanwhile.
   */
  settle(): void {
    for (const { where, ignoreRules, bytes } of [...this.#unsettled.values()]) {
      if (bytes > WORTH_SETTLING) continue;
      try {
        finishSync(
          this.scan(where, { ...(ignoreRules && { follow: true, ignoreRules }), again: true }),
        );
      } catch (error) {
        // The run that needs the file reports the error.
        if (!(error instanceof UnusableFile) && codeOf(error) === undefined) throw error;
      }
    }
    this.#unsettled.clear();
  }

  *#walk(where: string, walk: Walk): Cooperative<Scan | undefined> {
    const found = yield* untilStill(where, () => this.#disk.root(where, walk));
    const { ignoreRules, seen } = walk;
    const id = `${where}\0${ignoreRules?.id ?? ''}`;
    if (seen.unsettled > 0) this.#unsettled.set(id, { where, ignoreRules, bytes: seen.unsettled });
    else this.#unsettled.delete(id);
    return found && this.#counted(found);
  }

  /** Null if absent; undefined if not scanned. */
  #known(where: string, view: string | undefined): Scan | null | undefined {
    const known = this.#memo.get(where, view);
    return known && this.#counted(known);
  }

  /** A folder scanned by itself counts as empty if nothing in it counts. */
  #counted(scan: Scan): Scan {
    if (!isHollow(scan)) return scan;
    const tree = makeTree([]);
    this.#keepTree(tree);
    return { digest: `d:${tree.hex}`, size: tree.size, files: tree.files };
  }
}
