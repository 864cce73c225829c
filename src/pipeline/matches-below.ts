/** Walks folders for the paths that a pattern matches, among the user's files and among outs. */

import { inFolder, isWithin } from '../sys/is-within.js';
import { DIRECT, Revisits } from '../sys/revisits.js';
import { type Glob, matchGlob, mayHold } from './glob.js';
import type { IgnoreRules } from './ignored-files.js';

/** Runs write these files: an item that reads them would always be stale. */
export const WRITTEN_BY_RUNS: ReadonlySet<string> = new Set([
  'cache',
  'node_modules',
  'pipeline.lock',
]);

interface Entry {
  readonly name: string;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

/** Folders on disk, or folders that will be restored. `inside`: the folders being walked. */
export interface Tree {
  entriesOf(folder: string, inside: readonly string[]): readonly Entry[];
  isPassedOver(name: string): boolean;
  isFolderBehind(link: string): boolean;
  /** The real path of a link's target; undefined for a link that is not followed. */
  placeToFollow(link: string, inside: readonly string[]): string | undefined;
  /** The walk stops there: see `Revisits`. */
  stop(folder: string): Error;
}

export interface Search {
  readonly glob: Glob;
  readonly ignoreRules: IgnoreRules;
  readonly tree: Tree;
}

/** True for the target of a link that leads to one of these folders, or to a folder above one. */
export function leadsBack(target: string, inside: readonly (string | undefined)[]): boolean {
  return inside.some((each) => each !== undefined && isWithin(each, target));
}

/** Number of entries after which the event loop gets a turn. */
export const TURN_EVERY = 64;

/** Yields each match, and sometimes undefined. `**` matches files only; other patterns folders too. */
export function* matchesBelow(
  search: Search,
  folder: string,
  inside: readonly string[] = [],
  { way, revisits } = { way: DIRECT, revisits: new Revisits() },
): Generator<{ readonly path: string; readonly isFolder: boolean } | undefined, void> {
  const { glob, ignoreRules, tree } = search;
  const entries = tree.entriesOf(folder, inside);
  if (!revisits.allows(way, entries.length)) throw tree.stop(folder);
  for (const [row, entry] of entries.entries()) {
    if (row % TURN_EVERY === 0) yield undefined;
    const path = inFolder(folder, entry.name);
    if (tree.isPassedOver(path)) continue;
    const isLink = entry.isSymbolicLink();
    const isFolder = isLink ? tree.isFolderBehind(path) : entry.isDirectory();
    if (ignoreRules.holdsBack(path, () => isFolder)) continue;
    if (matchGlob(glob, path) && !(glob.deep && isFolder)) yield { path, isFolder };
    else if (isFolder && mayHold(glob, path)) {
      const place = isLink ? tree.placeToFollow(path, inside) : undefined;
      if (isLink && place === undefined) continue;
      const next = place === undefined ? way : revisits.follow(way, place);
      yield* matchesBelow(search, path, [...inside, path], { way: next, revisits });
    }
  }
}
