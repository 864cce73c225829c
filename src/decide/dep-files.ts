/** Resolves a dep to paths: its own, or for a pattern the gathered outs and the user's files that match. */
import path from 'node:path';
import { lstatIfThere } from '../cache/files/look.js';
import type { Cooperative } from '../cache/files/yielding.js';
import { kindOf } from '../cache/objects/digest.js';
import { isWithin } from '../cache/scan/link-targets.js';
import { fixedFolder, type Glob, matchGlob, mayHold, parseGlob } from '../pipeline/glob.js';
import { type IgnoreRules, ignoreRulesOf, ignoreRulesOfMade } from '../pipeline/ignored-files.js';
import type { Dep } from '../pipeline/plan.js';
import { realpathIfThere } from '../sys/if-there.js';
import type { FileView, StoredListing } from './file-view.js';
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

/** The paths that a dep resolves to. */
export function* matchedPaths(dep: Dep, view: FileView): Cooperative<string[]> {
  return (yield* matchesIn(dep, view)).map((part) => part.path);
}

/** What a dep that is not a pattern resolves to. */
export function wholeOf({ path: where, made, outs }: Dep): Part {
  return { path: where, made: made && outs === undefined };
}

/**
 * Sorted by code unit. In `cache/`, only gathered outs and files in outs count; elsewhere, all
 * matches except what pipe wrote there in the past.
 */
export function* matchesIn(dep: Dep, view: FileView): Cooperative<Part[]> {
  if (!dep.glob) return [wholeOf(dep)];
  const found = new Map<string, boolean>();
  for (const each of dep.gathered ?? []) found.set(each, true);
  const hits: string[] = [];
  const search = searchOf(dep, view, (where) => void hits.push(where));
  yield* walk(search, '', []);
  for (const where of hits) {
    const source = sourceOf(dep, where);
    if (isOurs(source) || found.has(where) || (yield* isLeftover(source, view))) continue;
    found.set(where, false);
  }
  yield* gatherWithin(dep, search, found);
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([each, made]) => ({ path: each, made }));
}

/** Matching files inside outs that are folders. */
function* gatherWithin(dep: Dep, search: Search, found: Map<string, boolean>): Cooperative<void> {
  const { root, cache, stored } = search.view;
  const visit = (where: string) => void found.set(where, true);
  const made = { ...search, ignoreRules: ignoreRulesOfMade(dep), visit };
  for (const out of dep.within ?? []) {
    const source = sourceOf(dep, out);
    const full = path.join(root, source);
    if (stored?.(source) !== undefined) walkStored(made, out, source, stored);
    else {
      const stat = lstatIfThere(full);
      cache.readSet.recordLstat(full, stat);
      // Does not follow a link: the item did not make its target.
      if (stat?.isDirectory()) yield* walk({ ...made, users: false }, out, []);
    }
  }
}

/** Leftovers that an item would find in this dep, by the names under which pipe wrote them. */
export function* leftoversOf(
  dep: Dep,
  view: FileView,
  outs: () => ReadonlySet<string>,
): Cooperative<string[]> {
  if (!dep.glob) return yield* leftoversIn(dep, wholeOf(dep), view);
  const found: string[] = [];
  const gathered = new Set(dep.gathered);
  const hits: string[] = [];
  const search = searchOf(dep, view, (where) => void hits.push(where));
  yield* walk(isOurs(dep.path) ? { ...search, leftIn: outs() } : search, '', []);
  for (const where of hits) {
    const source = sourceOf(dep, where);
    const isLeft = isOurs(source) || (yield* isLeftover(source, view));
    if (isLeft && !gathered.has(where)) found.push(source);
  }
  for (const each of yield* matchesIn(dep, view))
    found.push(...(yield* leftoversIn(dep, each, view)));
  return found;
}

/** Excludes what runs write: an item that reads it would always be stale. */
const OURS: ReadonlySet<string> = new Set(['cache', 'node_modules', 'pipeline.lock']);

interface Search {
  readonly dep: Dep;
  readonly view: FileView;
  readonly glob: Glob;
  readonly ignoreRules: IgnoreRules;
  /** True for the user's files, where links to folders are followed; false for what items made. */
  readonly users: boolean;
  /** Real path of the folder where matching begins: `**` follows only links that leave it. */
  readonly base: string | undefined;
  /** Searches `cache/out/` for outs of former plans too: holds all outs of the plan, which are skipped. */
  readonly leftIn?: ReadonlySet<string>;
  readonly visit: (where: string) => void;
}

function searchOf(dep: Dep, view: FileView, visit: Search['visit']): Search {
  const glob = parseGlob(dep.path);
  const base = glob.deep ? realpathIfThere(path.join(view.root, fixedFolder(dep.path))) : undefined;
  return { dep, view, glob, ignoreRules: ignoreRulesOf(dep), users: true, base, visit };
}

/** `inside`: the folders being walked. */
function* walk(search: Search, folder: string, inside: readonly string[]): Cooperative<void> {
  const { glob, visit, users, ignoreRules } = search;
  for (const [row, entry] of entriesOf(folder, search.view).entries()) {
    if (row % TURN_EVERY === 0) yield undefined;
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (isPassedOver(search, name)) continue;
    const isLink = entry.isSymbolicLink() && users;
    const isDirectory = isLink ? isFolder(name, search.view) : entry.isDirectory();
    if (ignoreRules.holdsBack(name, () => isDirectory)) continue;
    // `**` matches files only; other patterns may match a folder too.
    if (matchGlob(glob, name) && !(glob.deep && isDirectory)) {
      if (!(isDirectory && (yield* isHollow(name, ignoreRules, search.view)))) visit(name);
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

/** Never enters the cache or a link cycle; `**` follows only links that leave the walked folder. */
function isFollowed(
  { base, view, glob, leftIn }: Search,
  link: string,
  inside: readonly string[],
): boolean {
  const real = (where: string) => realpathIfThere(path.join(view.root, where));
  const target = real(link);
  const cache = leftIn === undefined ? real('cache') : undefined;
  if (target === undefined || (cache !== undefined && isWithin(target, cache))) return false;
  if (base !== undefined && isWithin(target, base)) return false;
  // Patterns without `**` have a fixed depth, so they end in a cycle too.
  return !glob.deep || !inside.some((each) => real(each) === target);
}

/** The same for a folder that does not exist yet. */
function walkStored(search: Search, folder: string, source: string, stored: StoredListing): void {
  const { glob, visit, ignoreRules } = search;
  for (const entry of stored(source) ?? []) {
    const name = `${folder}/${entry.name}`;
    const isDirectory = kindOf(entry.digest) === 'directory';
    if (ignoreRules.holdsBack(name, () => isDirectory)) continue;
    if (matchGlob(glob, name) && !(glob.deep && isDirectory)) visit(name);
    else if (isDirectory && mayHold(glob, name))
      walkStored(search, name, `${source}/${entry.name}`, stored);
  }
}
