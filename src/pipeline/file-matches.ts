/** The user's files and folders that a pattern matches, as values of an axis. */
import { type Dirent, readdirSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { realpathIfThere } from '../sys/if-there.js';
import type { Mistake } from './document/diagnostics.js';
import { fixedFolder, type Glob, matchGlob, mayHold, parseGlob } from './glob.js';
import { type IgnoreRules, ignoreRulesOf } from './ignored-files.js';
import { isWithin } from './items/paths.js';

export type Matches = { readonly paths: readonly string[] } | { readonly mistake: Mistake };

/** Sorted by code unit. Applies the ignore rules of deps; skips `cache/`, `node_modules/` and links to them. */
export function matchesOf(
  project: string,
  pattern: string,
  onFolder: (folder: string, stat: Stats) => void,
): Matches {
  const glob = parseGlob(pattern);
  const ignoreRules = ignoreRulesOf({ path: pattern, glob: true });
  const cache = realpathIfThere(path.join(project, 'cache'));
  const base = realpathIfThere(path.join(project, fixedFolder(pattern)));
  const search: Search = { project, glob, ignoreRules, cache, base, onFolder, found: [] };
  try {
    walk(search, fixedFolder(pattern), []);
  } catch (error) {
    const { code, path: where } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    const folder = path.relative(project, where ?? project);
    const message = `the folder ${folder} cannot be read: permission denied`;
    return { mistake: { code: 'unreadable', message, hint: `chmod u+rx ${folder}` } };
  }
  return { paths: search.found.sort() };
}

interface Search {
  readonly project: string;
  readonly glob: Glob;
  readonly ignoreRules: IgnoreRules;
  /** Real path. */
  readonly cache: string | undefined;
  /** Real path of the folder where the pattern begins: `**` follows only links that leave it. */
  readonly base: string | undefined;
  readonly onFolder: (folder: string, stat: Stats) => void;
  readonly found: string[];
}

const PASSED_OVER: ReadonlySet<string> = new Set(['cache', 'node_modules', 'pipeline.lock']);

/** `inside`: real paths of the folders being walked, to stop at link cycles. */
function walk(search: Search, folder: string, inside: readonly string[]): void {
  const { glob, ignoreRules, project, found } = search;
  const real = realpathIfThere(path.join(project, folder));
  if (real === undefined || inside.includes(real) || liesIn(real, search.cache)) return;
  for (const entry of entriesOf(search, folder)) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (PASSED_OVER.has(name)) continue;
    const isFolder = isFolderAt(entry, path.join(project, name));
    if (ignoreRules.holdsBack(name, () => isFolder)) continue;
    if (matchGlob(glob, name) && !(glob.deep && isFolder)) found.push(name);
    else if (isFolder && mayHold(glob, name) && !(entry.isSymbolicLink() && isSeen(search, name)))
      walk(search, name, [...inside, real]);
  }
}

/** True if `**` finds the target without the link. */
function isSeen({ project, glob, base }: Search, link: string): boolean {
  return glob.deep && liesIn(realpathIfThere(path.join(project, link)), base);
}

function liesIn(real: string | undefined, folder: string | undefined): boolean {
  return real !== undefined && folder !== undefined && isWithin(real, folder);
}

function entriesOf({ project, onFolder }: Search, folder: string): readonly Dirent[] {
  const full = path.join(project, folder);
  const stat = statSync(full, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return [];
  // Recorded before the folder is listed, so that a change in between is detected.
  onFolder(folder === '' ? '.' : folder, stat);
  return readdirSync(full, { withFileTypes: true });
}

/** A broken link is not a folder. */
function isFolderAt(entry: Dirent, full: string): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return realpathIfThere(full) !== undefined && statSync(full).isDirectory();
}
