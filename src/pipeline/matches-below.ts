/** Walks folders for the paths that a pattern matches, among the user's files and among outs. */

import { inFolder } from '../sys/is-within.js';
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
  isFollowed(link: string, inside: readonly string[]): boolean;
}

export interface Search {
  readonly glob: Glob;
  readonly ignoreRules: IgnoreRules;
  readonly tree: Tree;
}

/** Number of entries after which the event loop gets a turn. */
export const TURN_EVERY = 64;

/** Yields each match, and sometimes undefined. `**` matches files only; other patterns folders too. */
export function* matchesBelow(
  search: Search,
  folder: string,
  inside: readonly string[] = [],
): Generator<{ readonly path: string; readonly isFolder: boolean } | undefined, void> {
  const { glob, ignoreRules, tree } = search;
  for (const [row, entry] of tree.entriesOf(folder, inside).entries()) {
    if (row % TURN_EVERY === 0) yield undefined;
    const path = inFolder(folder, entry.name);
    if (tree.isPassedOver(path)) continue;
    const isLink = entry.isSymbolicLink();
    const isFolder = isLink ? tree.isFolderBehind(path) : entry.isDirectory();
    if (ignoreRules.holdsBack(path, () => isFolder)) continue;
    if (matchGlob(glob, path) && !(glob.deep && isFolder)) yield { path, isFolder };
    else if (isFolder && mayHold(glob, path) && !(isLink && !tree.isFollowed(path, inside)))
      yield* matchesBelow(search, path, [...inside, path]);
  }
}
