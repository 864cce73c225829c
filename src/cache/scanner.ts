/** Digests of what lies in the workspace. A file that looks as it did is never read again. */
import { hash } from 'node:crypto';
import { lstatSync, readdirSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { clockTick } from './clock.js';
import { codeOf, isAbsent, unusable } from './errors.js';
import { hashFile } from './hash.js';
import { lstatIfThere } from './look.js';
import { Memo } from './memo.js';
import type { Sliced } from './pace.js';
import { fileDigest, type Rows, type Scan } from './rows.js';
import type { StatIndex } from './stat-index.js';
import { makeTree, type Tree, type TreeEntry } from './tree.js';

export interface ScanOptions {
  /** For the user's own files: a link that leaves the dep counts by the content behind it. */
  readonly follow?: boolean;
  /** Looks at the disk even for what was seen in this run. */
  readonly again?: boolean;
}

/** What a walk does with contents besides hashing them. */
export interface Keeper {
  /** `known`: the digest's hex by the index. Undefined: nothing had to be read. */
  file(where: string, stat: Stats, known: string | undefined): Sliced<HashedNow | undefined>;
  link(target: string): void;
  /** True when the listing is stored. */
  hasTree(scan: Scan): boolean;
  tree(tree: Tree): void;
  /** Called with a directory's stat before it was read, when all in it has been kept. */
  directoryDone(where: string, before: Stats): void;
}

/** One walk. */
interface Walk {
  readonly keeper?: Keeper;
  readonly follow: boolean;
  readonly again: boolean;
  /** Real path of the tree that is walked: links within it count as links. Only known when following. */
  readonly tree: string;
  /** Real paths of the directories that we are in, by links: a cycle ends here. */
  readonly inside: readonly string[];
  /** Set when a link was followed to somewhere else in the project, which `forget` cannot know. */
  readonly seen: { linkedInside: boolean };
}

const TURN_EVERY = 64;

export class Scanner {
  readonly #project: string;
  readonly #index: StatIndex;
  readonly #keepTree: (tree: Tree) => void;
  readonly #memo = new Memo();
  /** Files that were hashed within the clock's tick of their last change. */
  readonly #unsettled = new Set<string>();

  /** `keepTree` is given the listings of followed directories, which nobody else stores. */
  constructor(project: string, index: StatIndex, keepTree: (tree: Tree) => void) {
    this.#project = project;
    this.#index = index;
    this.#keepTree = keepTree;
  }

  /** Undefined when nothing is there. */
  *scan(where: string, options: ScanOptions = {}): Sliced<Scan | undefined> {
    const { follow = false, again = false } = options;
    const known = again ? undefined : this.#memo.get(where, follow);
    if (known !== undefined) return known ?? undefined;
    const seen = { linkedInside: false };
    const found = yield* this.#root(where, { follow, again, tree: '', inside: [], seen });
    if (!seen.linkedInside) this.#memo.set(where, follow, found ?? null);
    return found;
  }

  /** Like a scan that looks at the disk, with all contents given to the keeper. */
  *keep(where: string, keeper: Keeper): Sliced<Scan | undefined> {
    const seen = { linkedInside: false };
    this.#memo.forget(where);
    const walk: Walk = { follow: false, again: true, tree: '', inside: [], seen, keeper };
    const found = yield* this.#root(where, walk);
    this.#memo.set(where, false, found ?? null);
    return found;
  }

  /** What was just written at a path is known without looking. */
  know(where: string, scan: Scan): void {
    this.#memo.forget(where);
    this.#memo.set(where, false, scan);
  }

  forget(where: string): void {
    this.#memo.forget(where);
  }

  /** Paths whose digest could not be remembered, because they had just been written. */
  takeUnsettled(): string[] {
    const paths = [...this.#unsettled];
    this.#unsettled.clear();
    return paths;
  }

  *#root(where: string, walk: Walk): Sliced<Scan | undefined> {
    const absolute = path.join(this.#project, where);
    const stat = lstatIfThere(absolute);
    if (stat === undefined) return undefined;
    if (!stat.isSymbolicLink()) {
      const tree = walk.follow && stat.isDirectory() ? realpathSync(absolute) : '';
      return yield* this.#one(where, stat, { ...walk, tree, inside: [tree] });
    }
    return walk.follow ? yield* this.#behind(where, walk) : linkScan(absolute, walk.keeper);
  }

  *#one(where: string, stat: Stats, walk: Walk): Sliced<Scan> {
    if (stat.isFile()) return yield* this.#loose(where, stat, walk);
    if (stat.isDirectory()) return yield* this.#directory(where, walk);
    throw notAFile(where, stat);
  }

  *#loose(where: string, stat: Stats, walk: Walk): Sliced<Scan> {
    const known = this.#index.looseHex(where, stat);
    const hashed = yield* this.#content(where, stat, known, walk);
    if (hashed === undefined) {
      return { digest: fileDigest(stat, known as string), size: stat.size, files: 1 };
    }
    if (hashed.settled) this.#index.setLoose(where, stat, hashed.hex);
    return { digest: fileDigest(stat, hashed.hex), size: hashed.size, files: 1 };
  }

  /** Undefined when the known digest holds and nothing had to be read. */
  *#content(
    where: string,
    stat: Stats,
    known: string | undefined,
    walk: Walk,
  ): Sliced<HashedNow | undefined> {
    if (walk.keeper === undefined && known !== undefined) return undefined;
    const hashed =
      walk.keeper === undefined
        ? yield* this.#hash(where, stat)
        : yield* readable(walk.keeper.file(where, stat, known), where);
    if (hashed !== undefined && !hashed.settled) this.#unsettled.add(where);
    return hashed;
  }

  *#directory(where: string, walk: Walk): Sliced<Scan> {
    const absolute = path.join(this.#project, where);
    const before = walk.keeper && lstatSync(absolute);
    const rows = this.#index.shaped(where, listNames(absolute, where));
    const listing = new Listing(rows);
    for (let row = 0; row < rows.names.length; row++) {
      if (row % TURN_EVERY === 0) yield undefined;
      yield* this.#entry(where, row, listing, walk);
    }
    const scan = this.#isStanding(listing, walk)
      ? (rows.self as Scan)
      : this.#listed(listing, walk);
    if (before !== undefined) walk.keeper?.directoryDone(where, before);
    if (!walk.again && !walk.seen.linkedInside) this.#memo.set(where, walk.follow, scan);
    return scan;
  }

  #isStanding({ unchanged, rows }: Listing, { keeper }: Walk): boolean {
    return unchanged && (keeper === undefined || keeper.hasTree(rows.self as Scan));
  }

  #listed(listing: Listing, walk: Walk): Scan {
    const { tree, scan } = listing.finish();
    if (!listing.unchanged) this.#index.touch();
    if (walk.keeper) walk.keeper.tree(tree);
    else if (walk.follow) this.#keepTree(tree);
    return scan;
  }

  *#entry(where: string, row: number, listing: Listing, walk: Walk): Sliced<void> {
    const { rows } = listing;
    const inner = `${where}/${rows.names[row] as string}`;
    const stat = lstatIfThere(`${this.#project}/${inner}`);
    if (stat === undefined) listing.gone(row);
    else if (stat.isFile()) {
      const holds = rows.matches(row, stat) && this.#index.isBelieved(stat);
      if (holds && walk.keeper === undefined) return;
      const known = holds ? rows.hexAt(row) : undefined;
      const hashed = yield* this.#content(inner, stat, known, walk);
      if (hashed !== undefined) listing.file(row, stat, hashed);
    } else if (stat.isDirectory()) {
      const known = walk.again ? undefined : this.#memo.get(inner, walk.follow);
      const scan = known ?? (yield* this.#directory(inner, walk));
      listing.directory(row, scan);
    } else if (stat.isSymbolicLink()) {
      listing.other(row, yield* this.#link(inner, walk));
    } else throw notAFile(inner, stat);
  }

  /** A link inside a tree. */
  *#link(where: string, walk: Walk): Sliced<Scan> {
    const absolute = path.join(this.#project, where);
    if (!walk.follow) return linkScan(absolute, walk.keeper);
    const target = realpathIfThere(absolute);
    if (target === undefined || isWithin(target, walk.tree)) return linkScan(absolute);
    return yield* this.#behind(where, walk);
  }

  /** The content behind a link; of one that leads nowhere or back into itself, the link. */
  *#behind(where: string, walk: Walk): Sliced<Scan> {
    const absolute = path.join(this.#project, where);
    const target = realpathIfThere(absolute);
    if (target === undefined || walk.inside.some((each) => isWithin(each, target))) {
      return linkScan(absolute);
    }
    if (isWithin(target, realpathSync(this.#project))) walk.seen.linkedInside = true;
    const stat = statSync(absolute);
    return yield* this.#one(where, stat, {
      ...walk,
      tree: target,
      inside: [...walk.inside, target],
    });
  }

  *#hash(where: string, stat: Stats): Sliced<HashedNow> {
    const started = Date.now();
    const absolute = path.join(this.#project, where);
    const result = yield* readable(hashFile(absolute), where);
    const { hex, size, after } = result;
    const same = looksSame(after, stat) && size === stat.size;
    return { hex, size, settled: same && isSettled(stat, started) };
  }
}

export interface HashedNow {
  readonly hex: string;
  readonly size: number;
  /** True when any later change will show in the file's stat. */
  readonly settled: boolean;
}

/** A listing in the making: rows that hold, and what has no row. */
class Listing {
  readonly rows: Rows;
  /** What cannot be remembered in a row: links, files just written; null for what is gone. */
  readonly #others = new Map<number, Scan | null>();
  unchanged: boolean;

  constructor(rows: Rows) {
    this.rows = rows;
    this.unchanged = rows.self !== undefined;
  }

  file(row: number, stat: Stats, { hex, size, settled }: HashedNow): void {
    this.unchanged = false;
    if (settled) this.rows.setFile(row, stat, hex);
    else this.other(row, { digest: fileDigest(stat, hex), size, files: 1 });
  }

  directory(row: number, scan: Scan): void {
    if (this.rows.isDirectory(row, scan)) return;
    this.unchanged = false;
    this.rows.setDirectory(row, scan);
  }

  other(row: number, scan: Scan): void {
    this.unchanged = false;
    this.rows.clear(row);
    this.#others.set(row, scan);
  }

  gone(row: number): void {
    this.unchanged = false;
    this.rows.clear(row);
    this.#others.set(row, null);
  }

  finish(): { tree: Tree; scan: Scan } {
    const { rows } = this;
    const entries: TreeEntry[] = [];
    for (let row = 0; row < rows.names.length; row++) {
      const name = rows.names[row] as string;
      const other = this.#others.get(row);
      if (other === undefined) entries.push(entryOf(rows, row, name));
      else if (other !== null) entries.push({ name, ...other });
    }
    const tree = makeTree(entries);
    const scan: Scan = { digest: `d:${tree.hex}`, size: tree.size, files: tree.files };
    rows.self = this.#others.size === 0 ? scan : undefined;
    return { tree, scan };
  }
}

function entryOf(rows: Rows, row: number, name: string): TreeEntry {
  const digest = rows.digestAt(row);
  const files = digest.startsWith('d') ? (rows.mtime[row] as number) : 1;
  return { name, digest, size: rows.size[row] as number, files };
}

export function looksSame(a: Stats, b: Stats): boolean {
  return a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.size === b.size && a.ino === b.ino;
}

/** Any write after `started` gives the file a time that differs from the one it has. */
export function isSettled(stat: Stats, started: number): boolean {
  return Math.max(stat.mtimeMs, stat.ctimeMs) < started - clockTick(stat);
}

/** Names are text: what is not valid UTF-8 could not be written in pipeline.yaml or put back. */
function listNames(absolute: string, shown: string): string[] {
  let names: string[];
  try {
    names = readdirSync(absolute);
  } catch (error) {
    throw explained(error, shown);
  }
  if (names.some((name) => name.includes('\uFFFD'))) refuseBadNames(absolute, shown);
  return names;
}

function refuseBadNames(absolute: string, shown: string): void {
  for (const name of readdirSync(absolute, { encoding: 'buffer' })) {
    if (Buffer.from(name.toString('utf8')).equals(name)) continue;
    const text = name
      .toString('latin1')
      .replace(/[^\x20-\x7e]/g, (each) => `\\x${each.charCodeAt(0).toString(16)}`);
    throw unusable(`${shown}/${text}`, 'has a name that is not valid UTF-8', 'rename it');
  }
}

function* readable<T>(work: Sliced<T>, shown: string): Sliced<T> {
  try {
    return yield* work;
  } catch (error) {
    throw explained(error, shown);
  }
}

/** What the user can cure is said in words; all else is the system's failure, as it is. */
export function explained(error: unknown, shown: string): unknown {
  const code = codeOf(error);
  if (code !== 'EACCES' && code !== 'EPERM') return error;
  return unusable(
    shown,
    `cannot be read (${code})`,
    'allow reading it, or leave it out of the dep',
  );
}

function notAFile(shown: string, stat: Stats): Error {
  const what = stat.isFIFO() ? 'a pipe' : stat.isSocket() ? 'a socket' : 'a device';
  return unusable(shown, `is ${what}`, 'only files, directories and symbolic links can be kept');
}

function linkScan(absolute: string, keeper?: Keeper): Scan {
  const target = readlinkSync(absolute);
  keeper?.link(target);
  return { digest: `l:${hash('sha256', target)}`, size: Buffer.byteLength(target), files: 1 };
}

/** Undefined for a link that leads nowhere or in a circle. */
function realpathIfThere(absolute: string): string | undefined {
  try {
    return realpathSync(absolute);
  } catch (error) {
    if (isAbsent(error) || codeOf(error) === 'ELOOP') return undefined;
    throw error;
  }
}

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
}
