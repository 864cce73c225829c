/** What a pattern dep stands for: the outs that the plan gathers, and files of the user's that match. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { lstatIfThere } from '../cache/files/look.js';
import { type Digest, kindOf } from '../cache/objects/digest.js';
import type { Looks } from '../cache/scan/looks.js';
import { type Glob, matchGlob, mayHold, parseGlob } from '../pipeline/glob.js';
import type { Dep } from '../pipeline/plan.js';

/**
 * Paths relative to the project, sorted by code unit. Within `cache/` only what the plan gathers
 * counts, and what lies in the outs it names: an out that a former pipeline left there is nobody's
 * input.
 *
 * @param stored for outs that are still to be put back
 */
export function matchedPaths(
  root: string,
  dep: Dep,
  looks?: Looks,
  stored?: StoredListing,
): string[] {
  const found = new Set(dep.gathered ?? []);
  const glob = parseGlob(dep.path);
  const search: Search = { root, glob, found, looks };
  walk(search, '');
  for (const out of dep.within ?? []) {
    if (stored?.(out) !== undefined) walkStored(search, out, stored);
    else if (isFolder(path.join(root, out), looks)) walk(search, out);
  }
  return [...found].sort();
}

/** What a folder will hold; undefined: as it lies there. */
export type StoredListing = (
  folder: string,
) => readonly { readonly name: string; readonly digest: Digest }[] | undefined;

/** What runs write is nobody's input: it would be stale for ever. */
const OURS: ReadonlySet<string> = new Set(['cache', 'node_modules', 'pipeline.lock']);

interface Search {
  readonly root: string;
  readonly glob: Glob;
  readonly found: Set<string>;
  readonly looks: Looks | undefined;
}

function walk(search: Search, folder: string): void {
  const { root, glob, found, looks } = search;
  for (const entry of entriesOf(path.join(root, folder), looks)) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (OURS.has(name)) continue;
    // `**` stands for the files in folders; without it a folder can be what is meant.
    if (matchGlob(glob, name) && !(glob.deep && entry.isDirectory())) {
      found.add(name);
      continue;
    }
    if (entry.isDirectory() && mayHold(glob, name)) walk(search, name);
  }
}

/** The same in a folder that is not there yet. */
function walkStored(search: Search, folder: string, stored: StoredListing): void {
  const { glob, found } = search;
  for (const entry of stored(folder) ?? []) {
    const name = `${folder}/${entry.name}`;
    const isDirectory = kindOf(entry.digest) === 'directory';
    if (matchGlob(glob, name) && !(glob.deep && isDirectory)) found.add(name);
    else if (isDirectory && mayHold(glob, name)) walkStored(search, name, stored);
  }
}

/** A link is not followed: what it leads to is not what the item made. */
function isFolder(full: string, looks: Looks | undefined): boolean {
  const stat = lstatIfThere(full);
  looks?.saw(full, stat);
  return stat?.isDirectory() ?? false;
}

function entriesOf(folder: string, looks: Looks | undefined): Dirent[] {
  try {
    looks?.sawBehind(folder, statSync(folder, { throwIfNoEntry: false }));
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
