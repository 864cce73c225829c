/** Whether the file system treats two names in a folder as one. */
import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { lstatIfThere, unless } from './if-there.js';

/** True if the file system treats these two names in one folder as one file, existing or not. */
export function isOneName(one: string, other: string): boolean {
  const [a, b] = [lstatIfThere(one), lstatIfThere(other)];
  if (a === undefined && b === undefined) return foldsNames(path.dirname(one));
  if (a?.ino !== b?.ino || a?.dev !== b?.dev) return false;
  // If both names are listed, they are hard links: each can be replaced.
  const listed = new Set(namesIn(path.dirname(one)));
  return !(listed.has(path.basename(one)) && listed.has(path.basename(other)));
}

/** True if the file system ignores case, judged from existing names; writes nothing. */
function foldsNames(folder: string): boolean {
  for (let at = folder; ; at = path.dirname(at)) {
    const names = namesIn(at);
    const listed = new Set(names);
    const probe = names.find((name) => otherCase(name) !== name && !listed.has(otherCase(name)));
    if (probe !== undefined) return isSame(path.join(at, probe), path.join(at, otherCase(probe)));
    if (at === path.dirname(at)) return process.platform === 'darwin';
  }
}

function otherCase(name: string): string {
  const upper = name.toUpperCase();
  return upper === name ? name.toLowerCase() : upper;
}

function isSame(there: string, perhaps: string): boolean {
  const found = lstatIfThere(perhaps);
  return found !== undefined && found.ino === lstatSync(there).ino;
}

function namesIn(folder: string): readonly string[] {
  return unless(['ENOENT', 'ENOTDIR', 'EACCES'], () => readdirSync(folder)) ?? [];
}
