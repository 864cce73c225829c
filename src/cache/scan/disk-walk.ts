/** Walks a file or folder of the workspace. A file whose stat is unchanged is not read again. */
import { lstatSync, readlinkSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import type { ReadSet } from '../../noop/read-set.js';
import type { IgnoreRules } from '../../pipeline/ignored-files.js';
import { isWithin } from '../../sys/is-within.js';
import { realPath, realpathIfThere } from '../../sys/real-place.js';
import { hashFile } from '../files/hash.js';
import { isSettled, looksSame } from '../files/mtime-granularity.js';
import { linkMaze, listNames, lookAt, notAFile, readable } from '../files/refusals.js';
import { Writeback } from '../files/writeback.js';
import { type Cooperative, flattened, type Recursive } from '../files/yielding.js';
import type { Tree } from '../objects/tree.js';
import { linkScan, staysWithin } from './link-targets.js';
import { type HashedNow, HOLLOW, isHollow, Listing } from './listing.js';
import type { Memo } from './memo.js';
import { fileDigest, KIND, type Scan } from './rows.js';
import type { StatIndex } from './stat-index.js';
import { type Before, rowsName, type Walk } from './walk.js';

const TURN_EVERY = 64;

interface Parts {
  /** Absolute path. */
  readonly project: string;
  readonly index: StatIndex;
  /** Receives the listings of followed directories, which nothing else stores. */
  readonly keepTree: (tree: Tree) => void;
  readonly clock: ReadSet['clock'];
  readonly memo: Memo;
}

export class DiskWalk {
  readonly #parts: Parts;
  readonly #writeback = new Writeback();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Undefined if nothing exists there. */
  root(where: string, walk: Walk): Cooperative<Scan | undefined> {
    return flattened(this.#root(where, walk));
  }

  *#root(where: string, walk: Walk): Recursive<Scan | undefined> {
    const absolute = path.join(this.#parts.project, where);
    const stat = lookAt(absolute, where);
    walk.readSet.recordLstat(where, stat);
    if (stat === undefined) return undefined;
    if (stat.isSymbolicLink()) {
      const isSource = walk.ignoreRules !== undefined && walk.tree === '';
      return yield* isSource ? this.#behind(where, walk) : this.#link(where, walk);
    }
    const own = walk.ignoreRules !== undefined && stat.isDirectory() ? realPath(absolute) : '';
    const inner = { ...walk, tree: walk.tree || own, inside: [own] };
    return yield* this.#one(where, stat, inner);
  }

  *#one(where: string, stat: Stats, walk: Walk): Recursive<Scan> {
    if (stat.isFile()) return yield* this.#loose(where, stat, walk);
    if (stat.isDirectory()) return yield* this.#directory(where, walk);
    throw notAFile(where, stat);
  }

  *#loose(where: string, stat: Stats, walk: Walk): Cooperative<Scan> {
    const known = this.#parts.index.looseHex(where, stat);
    const foreign = walk.ignoreRules !== undefined || this.#parts.index.knowsLoose(where);
    const hashed = yield* this.#content(where, stat, { known, foreign }, walk);
    if (hashed === undefined) {
      return { digest: fileDigest(stat, known as string), size: stat.size, files: 1 };
    }
    if (hashed.settled) this.#parts.index.setLoose(where, stat, hashed.hex);
    else this.#parts.index.dropLoose(where);
    return { digest: fileDigest(stat, hashed.hex), size: hashed.size, files: 1 };
  }

  /** Undefined if the known digest is valid and nothing had to be read. */
  *#content(
    where: string,
    stat: Stats,
    { known, foreign }: Before,
    walk: Walk,
  ): Cooperative<HashedNow | undefined> {
    if (walk.keeper === undefined && known !== undefined) return undefined;
    const hashed =
      walk.keeper === undefined
        ? yield* this.#hash(where, stat, foreign)
        : yield* readable(walk.keeper.file(where, stat, known), where);
    if (hashed !== undefined && !hashed.settled) walk.seen.unsettled += Math.max(1, hashed.size);
    return hashed;
  }

  *#directory(where: string, walk: Walk): Recursive<Scan> {
    const absolute = path.join(this.#parts.project, where);
    const before = walk.keeper && lstatSync(absolute);
    let scan: Scan | undefined;
    while (scan === undefined) scan = yield* this.#listing(where, absolute, walk);
    if (before !== undefined) walk.keeper?.directoryDone(where, before);
    const isLasting = !walk.again && !walk.seen.linkedInside && walk.age === this.#parts.memo.age;
    if (isLasting) this.#parts.memo.set(where, walk.ignoreRules?.id, scan);
    return scan;
  }

  /** Undefined when another walk interfered. */
  *#listing(where: string, absolute: string, walk: Walk): Recursive<Scan | undefined> {
    const { keeper, ignoreRules } = walk;
    const all = listNames(absolute, where);
    if (!walk.seen.revisits.allows(walk.way, all.length)) throw linkMaze(where);
    const names =
      ignoreRules === undefined ? all : this.#counting(where, all, ignoreRules, walk.readSet);
    if (names.length === 0 && all.length > 0) return HOLLOW;
    const rows = this.#parts.index.shaped(rowsName(where, ignoreRules), names);
    const listing = new Listing(rows);
    for (let row = 0; row < rows.names.length; row++) {
      if (row % TURN_EVERY === 0) yield undefined;
      yield* this.#entry(where, row, listing, walk);
    }
    const { kept } = listing;
    if (kept !== undefined && keeper?.hasTree(where, kept) !== false) return kept;
    const finished = listing.finish();
    if (finished === undefined) return undefined;
    if (kept === undefined) this.#parts.index.touch();
    const { tree, scan } = finished;
    if (keeper !== undefined && tree !== undefined) keeper.tree(where, tree);
    else if (ignoreRules !== undefined && tree !== undefined) this.#parts.keepTree(tree);
    return scan;
  }

  /** The names in a user folder that count. */
  #counting(where: string, all: string[], ignoreRules: IgnoreRules, readSet: ReadSet): string[] {
    const held: [name: string, ino: number][] = [];
    const names = all.filter((name) => {
      const inner = `${where}/${name}`;
      const look = () => lookAt(`${this.#parts.project}/${inner}`, inner);
      const isHeld = ignoreRules.holdsBack(inner, () => look()?.isDirectory() ?? false);
      if (isHeld) held.push([name, look()?.ino ?? 0]);
      return !isHeld;
    });
    readSet.listed({ where, ignoreRules: ignoreRules.id, held });
    return names;
  }

  *#entry(where: string, row: number, listing: Listing, walk: Walk): Recursive<void> {
    const { rows } = listing;
    const inner = `${where}/${rows.names[row] as string}`;
    const stat = lookAt(`${this.#parts.project}/${inner}`, inner);
    walk.readSet.recordLstat(inner, stat);
    if (stat === undefined) listing.other(row, null);
    else if (stat.isFile()) {
      const holds = rows.matches(row, stat) && this.#parts.index.isTrusted(stat);
      if (holds && walk.keeper === undefined) return;
      const known = holds ? rows.hexAt(row) : undefined;
      const foreign = walk.ignoreRules !== undefined || rows.kind[row] !== KIND.none;
      const hashed = yield* this.#content(inner, stat, { known, foreign }, walk);
      if (hashed === undefined) listing.known(row);
      else listing.file(row, stat, hashed);
    } else if (stat.isDirectory()) {
      const known = walk.again ? undefined : this.#parts.memo.get(inner, walk.ignoreRules?.id);
      const scan: Scan = known ?? (yield this.#directory(inner, walk));
      listing.directory(row, scan);
    } else if (stat.isSymbolicLink()) {
      const scan = yield* this.#link(inner, walk);
      listing.other(row, isHollow(scan) ? null : scan);
    } else throw notAFile(inner, stat);
  }

  /** A link inside a tree. */
  *#link(where: string, walk: Walk): Recursive<Scan> {
    const absolute = path.join(this.#parts.project, where);
    if (walk.ignoreRules === undefined) return { ...this.#linkItself(where, walk), links: [where] };
    walk.readSet.markIncomplete();
    const target = realpathIfThere(absolute);
    if (target !== undefined && isWithin(target, walk.tree)) {
      const folder = realPath(path.dirname(absolute));
      const isInner = staysWithin(readlinkSync(absolute), folder, walk.tree);
      return isInner ? linkScan(absolute) : { ...linkScan(absolute), links: [where] };
    }
    const scan = yield* this.#behind(where, walk);
    return { ...scan, links: [where, ...(scan.links ?? [])] };
  }

  #linkItself(where: string, { keeper }: Walk): Scan {
    const absolute = path.join(this.#parts.project, where);
    const target = readlinkSync(absolute);
    keeper?.link(where, target);
    return linkScan(absolute, target);
  }

  /** The content of a link's target; the link itself if it is broken or leads into itself. */
  *#behind(where: string, walk: Walk): Recursive<Scan> {
    walk.readSet.markIncomplete();
    const absolute = path.join(this.#parts.project, where);
    const target = realpathIfThere(absolute);
    if (target === undefined || walk.inside.some((each) => isWithin(each, target))) {
      return linkScan(absolute);
    }
    if (isWithin(target, realPath(this.#parts.project))) walk.seen.linkedInside = true;
    const stat = statSync(absolute);
    walk.readSet.recordStat(where, stat);
    return yield* this.#one(where, stat, {
      ...walk,
      tree: target,
      inside: [...walk.inside, target],
      way: walk.seen.revisits.follow(walk.way, target),
    });
  }

  *#hash(where: string, stat: Stats, foreign: boolean): Cooperative<HashedNow> {
    const now = this.#parts.clock.timeAt(stat.dev, performance.now());
    const absolute = path.join(this.#parts.project, where);
    const shows = isSettled(stat, now) && (!foreign || this.#writeback.ensure(absolute, stat, now));
    const result = yield* readable(hashFile(absolute), where);
    const { hex, size, after } = result;
    const same = looksSame(after, stat) && size === stat.size;
    return { hex, size, settled: shows && same };
  }
}
