/** Paths of files: relative to the project in keys, absolute for the file system. */
import path from 'node:path';
import { withFoldersAbove } from '../sys/is-within.js';

/** The path as stored and displayed: relative to the project, with `/`; `../…` outside it. */
export function within(root: string, file: string): string {
  return path.relative(root, file).split(path.sep).join('/');
}

export function isOutside(relative: string): boolean {
  return relative === '..' || relative.startsWith('../') || path.isAbsolute(relative);
}

/** True for files of package managers: below a node_modules, by the real path. */
export function isInstalled(root: string, real: string): boolean {
  const relative = within(root, real);
  const shown = isOutside(relative) ? real.split(path.sep).join('/') : relative;
  return `/${shown}`.includes('/node_modules/');
}

/** The folder and all above it, nearest first. */
export function* upward(folder: string): Iterable<string> {
  for (let each = folder; ; each = path.dirname(each)) {
    yield each;
    if (path.dirname(each) === each) return;
  }
}

/** A folder of the project and those above it, up to the project's root, whose name is empty. */
export function withParents(folder: string): string[] {
  return [...withFoldersAbove(folder), ''];
}

/** The path that a command in a folder names; none outside the project, or in the cache folder. */
export function inProject(folder: string, word: string): string[] {
  if (word.startsWith('/') || word === '') return [];
  const file = folder === '' && !DOTS.test(word) ? word : path.posix.join(folder, word);
  return /^(?:\.\.?(?:\/|$)|cache\/)/.test(file) ? [] : [file];
}

/** The folder that a command in a folder names; empty for the project's root. */
export function folderIn(folder: string, word: string): string {
  const joined = path.posix.join(folder, word).replace(/\/$/, '');
  return joined === '.' ? '' : joined;
}

/** Matches a path that is not normalized. */
const DOTS = /\.\/|\/\/|\/\.|\/$/;
