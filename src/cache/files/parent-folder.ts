/** Folders above outs. */
import path from 'node:path';
import { lstatIfThere, statIfThere } from '../../sys/if-there.js';
import { makeFolder } from '../../sys/make-folder.js';
import { codeOf, unusable } from './file-errors.js';

/** @throws UnusableFile for a broken link above the path */
export function makeParentOf(project: string, where: string): void {
  const folder = path.dirname(path.join(project, where));
  if (statIfThere(folder)?.isDirectory()) return;
  try {
    makeFolder(folder);
  } catch (error) {
    const link = codeOf(error) === 'EEXIST' ? danglingAbove(project, where) : undefined;
    if (link === undefined) throw error;
    throw unusable(link, 'is a broken link', 'create its target, or remove the link');
  }
}

function danglingAbove(project: string, where: string): string | undefined {
  const names = path.dirname(where).split('/');
  const folders = names.map((_, at) => names.slice(0, at + 1).join('/'));
  return folders.find((folder) => {
    const absolute = path.join(project, folder);
    return lstatIfThere(absolute)?.isSymbolicLink() && statIfThere(absolute) === undefined;
  });
}
