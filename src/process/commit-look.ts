/** A committed folder as it lies there: what its times tell of how it came, and whether it changes. */
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface CommitLook {
  readonly isFolder: boolean;
  readonly isLink: boolean;
  readonly isEmpty: boolean;
  /** Something in it was written after the folder had its name: it was not renamed, or not left alone. */
  readonly isLate: boolean;
  /** Its times say that it was renamed when all was in it. That they do not say so means nothing. */
  readonly isSealed: boolean;
  /** Names the folder with its entries: it changes when it is renamed, and when an entry comes or goes. */
  readonly mark: string;
  /** Changes whenever a name, a size, a time of writing or an inode in it does. */
  readonly print: string;
}

/**
 * Undefined when there is nothing. All times are the file system's own: the clock of no other machine
 * takes part. Whoever makes the folder in place writes into it after the parent got the name, and
 * the parent keeps the time of that. A rename gives the folder a new time of change, and leaves the
 * time of its last entry. Where a file system does not do so, nothing is sealed.
 */
export function lookAtCommit(folder: string): CommitLook | undefined {
  const self = statOf(folder);
  if (self === undefined) return undefined;
  const named = statOf(dirname(folder))?.mtimeNs ?? 0n;
  const entries = self.isDirectory() ? below(folder) : [];
  const written = entries.reduce((latest, { stat }) => max(latest, writtenAt(stat)), 0n);
  // A time of writing that was set by hand, as a copier does, is no time of an entry.
  const filledLater = self.mtimeNs === self.ctimeNs && self.mtimeNs > named;
  return {
    isFolder: self.isDirectory(),
    isLink: self.isSymbolicLink(),
    isEmpty: entries.length === 0,
    isLate: filledLater || written > max(self.ctimeNs, named),
    isSealed:
      self.birthtimeNs <= self.mtimeNs &&
      self.mtimeNs < self.ctimeNs &&
      self.ctimeNs <= named &&
      written <= self.ctimeNs,
    mark: `${self.ino}:${self.birthtimeNs}:${self.ctimeNs}`,
    print: [{ path: '', stat: self }, ...entries].map(printOf).join('\n'),
  };
}

const UNSEEN = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ENAMETOOLONG']);

interface Entry {
  readonly path: string;
  readonly stat: BigIntStats;
}

/** All that lies in a folder, however deep. What goes away meanwhile is not there. */
function below(folder: string): Entry[] {
  const found: Entry[] = [];
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const name of namesIn(next).sort()) {
      const path = join(next, name);
      const stat = statOf(path);
      if (stat === undefined) continue;
      found.push({ path, stat });
      if (stat.isDirectory()) open.push(path);
    }
  }
  return found;
}

/** A file of several names changes whenever one of them comes or goes, wherever that is. */
function writtenAt(stat: BigIntStats): bigint {
  const isLinked = stat.isFile() && stat.nlink > 1n && stat.mtimeNs < stat.ctimeNs;
  return isLinked ? stat.mtimeNs : stat.ctimeNs;
}

/** Without the time of change: storing links the files, which sets it. */
function printOf({ path, stat }: Entry): string {
  return `${path}\0${stat.ino}:${stat.size}:${stat.mtimeNs}`;
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (isUnseen(error)) return undefined;
    throw error;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isUnseen(error)) return [];
    throw error;
  }
}

/** It went away, or may not be read: then storing it tells why. */
function isUnseen(error: unknown): boolean {
  return UNSEEN.has((error as NodeJS.ErrnoException).code ?? '');
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
