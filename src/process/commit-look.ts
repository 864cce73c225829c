/** Examines a committed folder: what its times show about how it was created, and whether it changes. */
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unless } from '../sys/if-there.js';

export interface CommitLook {
  readonly isFolder: boolean;
  readonly isLink: boolean;
  readonly isEmpty: boolean;
  /**
   * True if something in it was written after the folder got its name: it was not renamed, or was
   * changed later.
   */
  readonly isLate: boolean;
  /** True if its times prove that it was complete when it was renamed. False proves nothing. */
  readonly isSealed: boolean;
  /**
   * Identifies the folder and its entries: changes on a rename, and when an entry appears or
   * disappears.
   */
  readonly mark: string;
  /** Changes whenever a name, size, mtime or inode in it does. */
  readonly print: string;
}

/**
 * Undefined if nothing exists there. All times come from the file system; no other clock is
 * involved. A stage that creates the folder in place writes into it after the parent got the name,
 * and the parent's mtime shows when. A rename sets the folder's ctime and keeps the time of its
 * last entry. On a file system that behaves differently, nothing is sealed.
 */
export function lookAtCommit(folder: string): CommitLook | undefined {
  const self = statOf(folder);
  if (self === undefined) return undefined;
  const named = statOf(dirname(folder))?.mtimeNs ?? 0n;
  const entries = self.isDirectory() ? below(folder) : [];
  const isRenamed =
    self.birthtimeNs <= self.mtimeNs && self.mtimeNs < self.ctimeNs && self.ctimeNs <= named;
  // The parent's time advances with each later draft, and would hide writes after the rename.
  const complete = isRenamed || self.ctimeNs > named ? self.ctimeNs : named;
  const isWrittenLater = entries.some(
    ({ stat }) => writtenAt(stat) > (isLinked(stat) ? self.ctimeNs : complete),
  );
  // If a program has set the mtime, as copy programs do, it is not the time of an entry.
  const filledLater = self.mtimeNs === self.ctimeNs && self.mtimeNs > named;
  return {
    isFolder: self.isDirectory(),
    isLink: self.isSymbolicLink(),
    isEmpty: entries.length === 0,
    isLate: filledLater || isWrittenLater,
    isSealed: isRenamed && !isWrittenLater,
    mark: `${self.ino}:${self.birthtimeNs}:${self.ctimeNs}`,
    print: [{ path: '', stat: self }, ...entries].map(printOf).join('\n'),
  };
}

/** It disappeared or is not readable: then storing reports why. */
const UNSEEN = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ENAMETOOLONG'];

interface Entry {
  readonly path: string;
  readonly stat: BigIntStats;
}

/** Everything in a folder, recursively. Skips entries that disappear meanwhile. */
function below(folder: string): Entry[] {
  const found: Entry[] = [];
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const name of unless(UNSEEN, () => readdirSync(next).sort()) ?? []) {
      const path = join(next, name);
      const stat = statOf(path);
      if (stat === undefined) continue;
      found.push({ path, stat });
      if (stat.isDirectory()) open.push(path);
    }
  }
  return found;
}

/** The ctime of a file with several names changes whenever one of them appears or disappears, anywhere. */
function writtenAt(stat: BigIntStats): bigint {
  return isLinked(stat) && stat.mtimeNs < stat.ctimeNs ? stat.mtimeNs : stat.ctimeNs;
}

/**
 * Such a file can be written under another name. A copy program often made its folder, and then the
 * folder's times cannot prove the rename. So the file's time is compared only with that of the
 * folder, because the next draft would hide such a write.
 */
function isLinked(stat: BigIntStats): boolean {
  return stat.isFile() && stat.nlink > 1n;
}

/** Without ctime, because storing creates hard links, which change it. */
function printOf({ path, stat }: Entry): string {
  return `${path}\0${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}

function statOf(path: string): BigIntStats | undefined {
  return unless(UNSEEN, () => lstatSync(path, { bigint: true, throwIfNoEntry: false }));
}
