/** What a pattern dep stands for: the outs that the plan gathers, and files of the user's that match. */
import { type Dirent, readdirSync } from 'node:fs';
import path from 'node:path';
import { type Glob, matchGlob, mayHold, parseGlob } from '../pipeline/glob.js';
import type { Dep } from '../pipeline/plan.js';

/**
 * Paths relative to the project, sorted by code unit. Within `cache/` only what the plan gathers
 * counts: an out that a former pipeline left there is nobody's input.
 */
export function matchedPaths(root: string, dep: Dep): string[] {
  const found = new Set(dep.gathered ?? []);
  const glob = parseGlob(dep.path);
  walk(root, '', glob, found);
  return [...found].sort();
}

function walk(root: string, folder: string, glob: Glob, found: Set<string>): void {
  for (const entry of entriesOf(path.join(root, folder))) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (name === 'cache' || name === 'node_modules') continue;
    // `**` stands for the files in folders; without it a folder can be what is meant.
    if (matchGlob(glob, name) && !(glob.deep && entry.isDirectory())) {
      found.add(name);
      continue;
    }
    if (entry.isDirectory() && mayHold(glob, name)) walk(root, name, glob, found);
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
