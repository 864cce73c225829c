/** Resolves a dep to paths: its own, or for a pattern the gathered outs and the user's files that match. */
import path from 'node:path';
import { linkMaze } from '../cache/files/refusals.js';
import type { Cooperative } from '../cache/files/yielding.js';
import { kindOf } from '../cache/objects/digest.js';
import { fixedFolder, parseGlob } from '../pipeline/glob.js';
import { ignoreRulesOf, ignoreRulesOfMade } from '../pipeline/ignored-files.js';
import {
  leadsBack,
  matchesBelow,
  type Search,
  type Tree,
  WRITTEN_BY_RUNS,
} from '../pipeline/matches-below.js';
import type { Dep } from '../pipeline/plan.js';
import { isWithin } from '../sys/is-within.js';
import type { FileView } from './file-view.js';
import {
  entriesOf,
  foldersIn,
  isFolder,
  isHollow,
  isLeftover,
  isOurs,
  leftoversIn,
  type Part,
  sourceOf,
} from './parts.js';

/** The paths that a dep resolves to. */
export function* matchedPaths(dep: Dep, view: FileView): Cooperative<string[]> {
  return (yield* matchesIn(dep, view)).map((part) => part.path);
}

/** The path of a dep that is not a pattern. */
export function wholeOf({ path: where, made, outs }: Dep): Part {
  return { path: where, made: made && outs === undefined };
}

/**
 * Sorted by code unit. In `cache/`, only gathered outs and files in outs count. Elsewhere, all
 * matches count except leftovers of pipe.
 */
export function* matchesIn(dep: Dep, view: FileView): Cooperative<Part[]> {
  if (!dep.glob) return [wholeOf(dep)];
  const found = new Map<string, boolean>();
  for (const each of dep.gathered ?? []) found.set(each, true);
  for (const where of yield* usersMatches(dep, view)) {
    const source = sourceOf(dep, where);
    if (isOurs(source) || found.has(where) || (yield* isLeftover(source, view))) continue;
    found.set(where, false);
  }
  yield* gatherWithin(dep, view, found);
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([each, made]) => ({ path: each, made }));
}

/** Matching files inside outs that are folders. */
function* gatherWithin(dep: Dep, view: FileView, found: Map<string, boolean>): Cooperative<void> {
  const { root, cache, stored } = view;
  const glob = parseGlob(dep.path);
  const ignoreRules = ignoreRulesOfMade(dep);
  for (const out of dep.within ?? []) {
    const source = sourceOf(dep, out);
    const full = path.join(root, source);
    const isStored = stored !== undefined && stored(source) !== undefined;
    if (!isStored) {
      const stat = cache.readSet.lstat(full);
      // Does not follow a link: the item did not make its target.
      if (!stat?.isDirectory()) continue;
    }
    const tree = treeOfMade((folder) => {
      if (!isStored) return entriesOf(folder, view);
      return (stored(`${source}${folder.slice(out.length)}`) ?? []).map(({ name, digest }) => ({
        name,
        isDirectory: () => kindOf(digest) === 'directory',
        isSymbolicLink: () => false,
      }));
    });
    for (const where of yield* countingMatches({ glob, ignoreRules, tree }, out))
      found.set(where, true);
  }
}

/** Leftovers that an item would find in this dep, by the paths at which pipe wrote them. */
export function* leftoversOf(
  dep: Dep,
  view: FileView,
  outs: () => ReadonlySet<string>,
): Cooperative<string[]> {
  if (!dep.glob) return yield* leftoversIn(dep, wholeOf(dep), view);
  const found: string[] = [];
  const gathered = new Set(dep.gathered);
  for (const where of yield* usersMatches(dep, view, isOurs(dep.path) ? outs() : undefined)) {
    const source = sourceOf(dep, where);
    const isLeft = isOurs(source) || (yield* isLeftover(source, view));
    if (isLeft && !gathered.has(where)) found.push(source);
  }
  for (const each of yield* matchesIn(dep, view))
    found.push(...(yield* leftoversIn(dep, each, view)));
  return found;
}

/** `leftIn`: all outs of the plan, to find outs of former plans in `cache/out/` too. */
function usersMatches(
  dep: Dep,
  view: FileView,
  leftIn?: ReadonlySet<string>,
): Cooperative<string[]> {
  const glob = parseGlob(dep.path);
  const real = (where: string) => view.cache.readSet.realpath(path.join(view.root, where));
  const from = fixedFolder(dep.path);
  const base = real(from);
  const tree: Tree = {
    ...foldersIn(view),
    isPassedOver: (name) => isPassedOver(dep, name, leftIn),
    isFolderBehind: (link) => isFolder(link, view),
    placeToFollow: (link, inside) => {
      const target = real(link);
      const cache = leftIn === undefined ? real('cache') : undefined;
      if (target === undefined || (cache !== undefined && isWithin(target, cache)))
        return undefined;
      // Patterns without `**` have a fixed depth, so they end in a cycle too.
      if (!glob.deep || isWithin(from, link)) return target;
      // `**` follows only links that leave the folder where it begins.
      const isInner = base !== undefined && isWithin(target, base);
      return isInner || leadsBack(target, [base, ...inside.map(real)]) ? undefined : target;
    },
    stop: linkMaze,
  };
  return countingMatches({ glob, ignoreRules: ignoreRulesOf(dep), tree }, '');
}

function isPassedOver(dep: Dep, name: string, leftIn: ReadonlySet<string> | undefined): boolean {
  if (leftIn === undefined) return WRITTEN_BY_RUNS.has(name);
  if (leftIn.has(sourceOf(dep, name))) return true;
  const isTools = isOurs(name) && name !== 'cache' && !`${name}/`.startsWith('cache/out/');
  return isTools || (WRITTEN_BY_RUNS.has(name) && name !== 'cache');
}

/** The outs of items: links in them count as links. */
function treeOfMade(entries: Tree['entriesOf']): Tree {
  const no = () => false;
  return {
    entriesOf: entries,
    isPassedOver: no,
    isFolderBehind: no,
    placeToFollow: () => undefined,
    stop: linkMaze,
  };
}

/** The matches, without folders in which every file is ignored. */
function* countingMatches(search: Search, folder: string): Cooperative<string[]> {
  const found: string[] = [];
  const { ignoreRules, tree } = search;
  for (const match of matchesBelow(search, folder)) {
    if (match === undefined) yield undefined;
    else if (!match.isFolder || !(yield* isHollow(match.path, ignoreRules, tree)))
      found.push(match.path);
  }
  return found;
}
