/** Where files are: paths relative to the project for all that counts, absolute ones for the file system. */
import path from 'node:path';

/** The path as it is told and kept: relative to the project, with `/`; `../…` for what lies outside. */
export function within(root: string, file: string): string {
  return path.relative(root, file).split(path.sep).join('/');
}

export function isOutside(relative: string): boolean {
  return relative === '..' || relative.startsWith('../') || path.isAbsolute(relative);
}

/** True for what package managers install: it lies below a node_modules, links followed. */
export function isInstalled(root: string, real: string): boolean {
  const relative = within(root, real);
  const telling = isOutside(relative) ? real.split(path.sep).join('/') : relative;
  return `/${telling}`.includes('/node_modules/');
}

/** The folder and all above it, nearest first. */
export function* upward(folder: string): Iterable<string> {
  for (let each = folder; ; each = path.dirname(each)) {
    yield each;
    if (path.dirname(each) === each) return;
  }
}

/** A path that a command in a folder names; nothing outside of the project, or in the folder of what stages make. */
export function inProject(folder: string, word: string): string[] {
  if (word.startsWith('/') || word === '') return [];
  const file = folder === '' && !DOTS.test(word) ? word : path.posix.join(folder, word);
  return /^(?:\.\.?(?:\/|$)|cache\/)/.test(file) ? [] : [file];
}

/** What a path has when it may be written shorter. */
const DOTS = /\.\/|\/\/|\/\.|\/$/;
