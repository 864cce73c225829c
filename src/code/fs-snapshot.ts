/** File system snapshot: reads each path once for all traces of a run, because stages share helpers. */
import { createHash } from 'node:crypto';
import { readlinkSync, readSync, type Stats } from 'node:fs';
import { sha256 } from '../canonical.js';
import { oncePerText } from '../lists.js';
import { bytesIfThere, isLarge, lstatIfThere, namesIn, statIfThere } from '../sys/if-there.js';
import { withFile } from '../sys/open-file.js';
import { realPath } from '../sys/real-place.js';
import { isOutside } from './project-paths.js';

/** All paths are relative to the project; those outside begin with `../`. */
export interface FsSnapshot {
  /** Absolute real path of the project. */
  readonly root: string;
  /** SHA-256 of a file's bytes, links followed; undefined without a file. */
  hex(file: string): string | undefined;
  /** Names in a folder, sorted; empty without a folder. */
  names(folder: string): readonly string[];
  exists(where: string): boolean;
  /** Changes whenever the file or folder does, links followed; undefined for an absent path. */
  stamp(where: string): string | undefined;
  /** Target of a symbolic link; empty for another entry; undefined for an absent path. */
  link(where: string): string | undefined;
}

/** Digest of a file of the project, such as `f:<SHA-256>`, by the stat cache; follows links. */
type DigestAt = (file: string) => string | undefined;

/** Receives the read set, as absolute paths: a link itself, or its target. */
interface SnapshotObserver {
  recordLstat(where: string, stat: Stats | undefined): void;
  recordStat(where: string, stat: Stats | undefined): void;
}

const NOBODY: SnapshotObserver = { recordLstat: () => {}, recordStat: () => {} };

/** Snapshot for one run, which reads each path once. Reads of `digestAt` are not included. */
export function newSnapshot(project: string, digestAt: DigestAt, observer = NOBODY): FsSnapshot {
  // `..` after a link does not lead to the folder that contains the link.
  const root = realPath(project);
  // Does not use path.join, which costs more than the read. Systems accept `/` and `..`.
  const absolute = (where: string) => `${root}/${where}`;
  const statBehind = (where: string) => {
    const full = absolute(where);
    const stat = statIfThere(full);
    observer.recordStat(full, stat);
    return stat;
  };
  const behind = (where: string) => {
    statBehind(where);
    return absolute(where);
  };
  const own = (where: string) => {
    const full = absolute(where);
    const stat = lstatIfThere(full);
    observer.recordLstat(full, stat);
    return stat;
  };
  return {
    root,
    hex: oncePerText((file) =>
      isOutside(file) ? hexOf(behind(file)) : digestAt(file)?.replace(/^[fx]:/, ''),
    ),
    names: oncePerText((folder) => namesIn(behind(folder)).sort()),
    exists: oncePerText((where) => own(where) !== undefined),
    stamp: oncePerText((where) => stampOf(statBehind(where))),
    link: oncePerText((where) => linkAt(absolute(where), own(where))),
  };
}

/** Digests of folders have another prefix. */
export function isFileDigest(digest: string | undefined): digest is string {
  return /^[0-9a-f]{64}$/.test(digest ?? '');
}

/** Undefined without a file. */
export function hexOf(file: string): string | undefined {
  if (!isLarge(file)) {
    const bytes = bytesIfThere(file);
    return bytes && sha256(bytes);
  }
  const sum = createHash('sha256');
  const buffer = Buffer.alloc(1 << 20);
  withFile(file, 'r', (handle) => {
    for (let count = 1; count > 0; ) {
      count = readSync(handle, buffer);
      sum.update(buffer.subarray(0, count));
    }
  });
  return sum.digest('hex');
}

function stampOf(stat: Stats | undefined): string | undefined {
  return stat && [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ');
}

function linkAt(where: string, stat: Stats | undefined): string | undefined {
  if (stat === undefined) return undefined;
  return stat.isSymbolicLink() ? readlinkSync(where) : '';
}
