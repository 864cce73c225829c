/** Checks whether the file system treats two names in a folder as one. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { lstatIfThere, unless } from './if-there.js';

/** True if the file system treats these two names in one folder as one file, existing or not. */
export function isOneName(one: string, other: string): boolean {
  const [a, b] = [lstatIfThere(one), lstatIfThere(other)];
  if ((a === undefined) !== (b === undefined)) return false;
  const isOneInode = a !== undefined && a.ino === b?.ino && a.dev === b.dev;
  // Some FUSE file systems give each spelling of a name its own inode number.
  if (!isOneInode && !foldsNames(path.dirname(one))) return false;
  // If both names are listed, they are two files or hard links: each can be replaced.
  const listed = new Set(namesIn(path.dirname(one)));
  return !(listed.has(path.basename(one)) && listed.has(path.basename(other)));
}

/** True if the file system ignores case, judged from existing names; writes nothing. */
function foldsNames(folder: string): boolean {
  for (let at = folder; ; at = path.dirname(at)) {
    const names = namesIn(at);
    const listed = new Set(names);
    const probe = names.find((name) => otherCase(name) !== name && !listed.has(otherCase(name)));
    if (probe !== undefined) return lstatIfThere(path.join(at, otherCase(probe))) !== undefined;
    if (at === path.dirname(at)) return process.platform === 'darwin';
  }
}

function otherCase(name: string): string {
  const upper = name.toUpperCase();
  return upper === name ? name.toLowerCase() : upper;
}

function namesIn(folder: string): readonly string[] {
  return unless(['ENOENT', 'ENOTDIR', 'EACCES'], () => readdirSync(folder)) ?? [];
}
