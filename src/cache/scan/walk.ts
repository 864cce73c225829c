/** A walk of the scanner: what it follows, what it ignores, and what it does with contents. */
import type { Stats } from 'node:fs';
import type { ReadSet } from '../../noop/read-set.js';
import { type IgnoreRules, PLAIN } from '../../pipeline/ignored-files.js';
import type { Revisits, Way } from '../../sys/revisits.js';
import type { Cooperative } from '../files/yielding.js';
import type { Tree } from '../objects/tree.js';
import type { HashedNow } from './listing.js';
import type { Scan } from './rows.js';

export interface ScanOptions {
  /**
   * For user files: for a link out of the dep, the content of its target counts; ignored names do
   * not count.
   */
  readonly follow?: boolean;
  /** Default: the plain one. */
  readonly ignoreRules?: IgnoreRules;
  /** Reads the disk even for paths already scanned in this run. */
  readonly again?: boolean;
  /** The read set to record in; default: the run's own. */
  readonly readSet?: ReadSet;
  /** Real path of the dep that contains this path: links within it count as links. */
  readonly tree?: string;
}

/** What a walk does with contents, in addition to hashing them. */
export interface Keeper {
  /** `known`: the digest's hex from the index. Returns undefined if nothing had to be read. */
  file(where: string, stat: Stats, known: string | undefined): Cooperative<HashedNow | undefined>;
  link(where: string, target: string): void;
  /** True if the listing is stored. */
  hasTree(where: string, scan: Scan): boolean;
  tree(where: string, tree: Tree): void;
  /** Called when all entries of a directory are kept, with its stat from before it was read. */
  directoryDone(where: string, before: Stats): void;
}

export const NOT_INDEXED = new Error('a file that the stat index does not know');

/** A walk that reads no file. */
export const STATS_ALONE: Keeper = {
  // biome-ignore lint/correctness/useYield: Keeper demands a generator
  *file(_where, _stat, known) {
    if (known === undefined) throw NOT_INDEXED;
    return undefined;
  },
  link: () => {},
  hasTree: () => true,
  tree: () => {},
  directoryDone: () => {},
};

export interface Walk {
  readonly keeper?: Keeper;
  /** For a walk that follows links. */
  readonly ignoreRules: IgnoreRules | undefined;
  readonly again: boolean;
  /** Real path of the walked tree: links within it count as links. Only known when following. */
  readonly tree: string;
  /** Real paths of the directories entered by links, to detect cycles. */
  readonly inside: readonly string[];
  readonly way: Way;
  readonly seen: Seen;
  readonly readSet: ReadSet;
  /** Age of the memo when the walk began. */
  readonly age: number;
}

/** What is known about a file before it is read. */
export interface Before {
  /** The digest's hex, if the stat is unchanged. */
  readonly known: string | undefined;
  /** True unless an item's ended process wrote it: a live process may have it mapped into memory. */
  readonly foreign: boolean;
}

export interface Unsettled {
  readonly where: string;
  readonly ignoreRules: IgnoreRules | undefined;
  readonly bytes: number;
}

export interface Seen {
  /** The walk followed a link to elsewhere in the project, which `forget` cannot know. */
  linkedInside: boolean;
  /** Bytes of files that were hashed within the clock's tick of their last change. */
  unsettled: number;
  readonly revisits: Revisits;
}

export function ignoreRulesFor({
  follow = false,
  ignoreRules = PLAIN,
}: ScanOptions): IgnoreRules | undefined {
  return follow ? ignoreRules : undefined;
}

/** The index's name for a folder under ignore rules: other rules ignore other names. */
export function rowsName(where: string, ignoreRules: IgnoreRules | undefined): string {
  return ignoreRules === undefined || ignoreRules.id === '' ? where : `${where}\0${ignoreRules.id}`;
}
