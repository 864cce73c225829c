/** What a dep stands for: its path, or of a pattern the outs that the plan gathers and files of the user's that match. */
import path from 'node:path';
import { lstatIfThere } from '../cache/files/look.js';
import type { Sliced } from '../cache/files/pace.js';
import { kindOf } from '../cache/objects/digest.js';
import { isWithin, realpathIfThere } from '../cache/scan/links.js';
import { fixedFolder, type Glob, matchGlob, mayHold, parseGlob } from '../pipeline/glob.js';
import type { Dep } from '../pipeline/plan.js';
import { type Sieve, sieveOf, sieveOfMade } from '../pipeline/sieve.js';
import type { Eyes, StoredListing } from './eyes.js';
import {
  entriesOf,
  isFolder,
  isHollow,
  isLeftover,
  isOurs,
  leftoversIn,
  type Part,
  sourceOf,
  TURN_EVERY,
} from './parts.js';

/** The paths of what a dep stands for. */
export function* matchedPaths(dep: Dep, eyes: Eyes): Sliced<string[]> {
  return (yield* matchesIn(dep, eyes)).map((part) => part.path);
}

/** What a dep that is not a pattern stands for. */
export function wholeOf({ path: where, made, outs }: Dep): Part {
  return { path: where, made: made && outs === undefined };
}

/**
 * Sorted by code unit. Within `cache/` only what the plan gathers counts, and what lies in the outs
 * it names; elsewhere all that matches but what pipe wrote there in the past.
 */
export function* matchesIn(dep: Dep, eyes: Eyes): Sliced<Part[]> {
  if (!dep.glob) return [wholeOf(dep)];
  const found = new Map<string, boolean>();
  for (const each of dep.gathered ?? []) found.set(each, true);
  const hits: string[] = [];
  const search = searchOf(dep, eyes, (where) => void hits.push(where));
  yield* walk(search, '', []);
  for (const where of hits) {
    const source = sourceOf(dep, where);
    if (isOurs(source) || found.has(where) || (yield* isLeftover(source, eyes))) continue;
    found.set(where, false);
  }
  yield* gatherWithin(dep, search, found);
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([each, made]) => ({ path: each, made }));
}

/** Files that match in outs which are folders. */
function* gatherWithin(dep: Dep, search: Search, found: Map<string, boolean>): Sliced<void> {
  const { root, cache, stored } = search.eyes;
  const visit = (where: string) => void found.set(where, true);
  const made = { ...search, sieve: sieveOfMade(dep), visit };
  for (const out of dep.within ?? []) {
    const source = sourceOf(dep, out);
    const full = path.join(root, source);
    if (stored?.(source) !== undefined) walkStored(made, out, source, stored);
    else {
      const stat = lstatIfThere(full);
      cache.looks.saw(full, stat);
      // A link is not followed: what it leads to is not what the item made.
      if (stat?.isDirectory()) yield* walk({ ...made, users: false }, out, []);
    }
  }
}

/**
 * What lies in the way of an item that reads this dep: files that the dep would find and that do not
 * count. By the names that pipe wrote them under.
 */
export function* leftoversOf(
  dep: Dep,
  eyes: Eyes,
  outs: () => ReadonlySet<string>,
): Sliced<string[]> {
  if (!dep.glob) return yield* leftoversIn(dep, wholeOf(dep), eyes);
  const found: string[] = [];
  const gathered = new Set(dep.gathered);
  const hits: string[] = [];
  const search = searchOf(dep, eyes, (where) => void hits.push(where));
  yield* walk(isOurs(dep.path) ? { ...search, leftIn: outs() } : search, '', []);
  for (const where of hits) {
    const source = sourceOf(dep, where);
    const isLeft = isOurs(source) || (yield* isLeftover(source, eyes));
    if (isLeft && !gathered.has(where)) found.push(source);
  }
  for (const each of yield* matchesIn(dep, eyes))
    found.push(...(yield* leftoversIn(dep, each, eyes)));
  return found;
}

/** What runs write is nobody's input: it would be stale for ever. */
const OURS: ReadonlySet<string> = new Set(['cache', 'node_modules', 'pipeline.lock']);

interface Search {
  readonly dep: Dep;
  readonly eyes: Eyes;
  readonly glob: Glob;
  readonly sieve: Sieve;
  /** Files of the user's, so that links to folders are followed; else what items made. */
  readonly users: boolean;
  /** Real path of where the walk begins to look for names: `**` follows only links that leave it. */
  readonly base: string | undefined;
  /** To look for what former plans left in `cache/out/` too: all outs of the plan, which are not entered. */
  readonly leftIn?: ReadonlySet<string>;
  readonly visit: (where: string) => void;
}

function searchOf(dep: Dep, eyes: Eyes, visit: Search['visit']): Search {
  const glob = parseGlob(dep.path);
  const base = glob.deep ? realpathIfThere(path.join(eyes.root, fixedFolder(dep.path))) : undefined;
  return { dep, eyes, glob, sieve: sieveOf(dep), users: true, base, visit };
}

/** `inside`: the folders that we are in. */
function* walk(search: Search, folder: string, inside: readonly string[]): Sliced<void> {
  const { glob, visit, users, sieve } = search;
  for (const [row, entry] of entriesOf(folder, search.eyes).entries()) {
    if (row % TURN_EVERY === 0) yield undefined;
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (isPassedOver(search, name)) continue;
    const isLink = entry.isSymbolicLink() && users;
    const isDirectory = isLink ? isFolder(name, search.eyes) : entry.isDirectory();
    if (sieve.holdsBack(name, () => isDirectory)) continue;
    // `**` stands for the files in folders; without it a folder can be what is meant.
    if (matchGlob(glob, name) && !(glob.deep && isDirectory)) {
      if (!(isDirectory && (yield* isHollow(name, sieve, search.eyes)))) visit(name);
    } else if (isDirectory && mayHold(glob, name)) {
      if (!isLink || isFollowed(search, name, inside)) yield* walk(search, name, [...inside, name]);
    }
  }
}

function isPassedOver({ leftIn, dep, users }: Search, name: string): boolean {
  if (!users) return false;
  if (leftIn === undefined) return OURS.has(name);
  if (leftIn.has(sourceOf(dep, name))) return true;
  const isTools = isOurs(name) && name !== 'cache' && !`${name}/`.startsWith('cache/out/');
  return isTools || (OURS.has(name) && name !== 'cache');
}

/** Never into the cache, nor in a circle, and below `**` only out of what is walked anyway. */
function isFollowed(
  { base, eyes, glob, leftIn }: Search,
  link: string,
  inside: readonly string[],
): boolean {
  const real = (where: string) => realpathIfThere(path.join(eyes.root, where));
  const target = real(link);
  const cache = leftIn === undefined ? real('cache') : undefined;
  if (target === undefined || (cache !== undefined && isWithin(target, cache))) return false;
  if (base !== undefined && isWithin(target, base)) return false;
  // Other patterns end after as many names as they have, in a circle too.
  return !glob.deep || !inside.some((each) => real(each) === target);
}

/** The same in a folder that is not there yet. */
function walkStored(search: Search, folder: string, source: string, stored: StoredListing): void {
  const { glob, visit, sieve } = search;
  for (const entry of stored(source) ?? []) {
    const name = `${folder}/${entry.name}`;
    const isDirectory = kindOf(entry.digest) === 'directory';
    if (sieve.holdsBack(name, () => isDirectory)) continue;
    if (matchGlob(glob, name) && !(glob.deep && isDirectory)) visit(name);
    else if (isDirectory && mayHold(glob, name))
      walkStored(search, name, `${source}/${entry.name}`, stored);
  }
}
