/** What lies where, each thing looked at once: shared by the traces of one run, since stages share helpers. */
import { createHash } from 'node:crypto';
import {
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { isOutside } from './place.js';

/** All paths are relative to the project; those outside of it begin with `../`. */
export interface Sight {
  /** Absolute path of the project, links followed. */
  readonly root: string;
  /** SHA-256 of a file's bytes, links followed; undefined when there is no file. */
  hex(file: string): string | undefined;
  /** Names in a folder, sorted; none when there is no folder. */
  names(folder: string): readonly string[];
  exists(where: string): boolean;
  /** Changes whenever the file or folder does, links followed; undefined when nothing is there. */
  stamp(where: string): string | undefined;
  /** Target of a symbolic link; empty for anything else; undefined when nothing is there. */
  link(where: string): string | undefined;
}

/** Digest of a file of the project, such as `f:<SHA-256>`, as the stat index knows it; links are followed. */
export type DigestAt = (file: string) => string | undefined;

/** Is told what was looked at, by absolute path: a link as itself, or what is behind it. */
export interface Witness {
  saw(where: string, stat: Stats | undefined): void;
  sawBehind(where: string, stat: Stats | undefined): void;
}

const NOBODY: Witness = { saw: () => {}, sawBehind: () => {} };

/** For one run: what it has seen it does not look at again. What `digestAt` looks at is its own affair. */
export function freshSight(project: string, digestAt: DigestAt, witness = NOBODY): Sight {
  // `..` of a link is not where it seems to be.
  const root = realpathSync.native(project);
  // Not joined: that would cost more than the look itself, and systems understand `/` and `..`.
  const absolute = (where: string) => `${root}/${where}`;
  const statBehind = (where: string) => {
    const full = absolute(where);
    const stat = unlessAbsent(() => statSync(full, QUIET));
    witness.sawBehind(full, stat);
    return stat;
  };
  const behind = (where: string) => {
    statBehind(where);
    return absolute(where);
  };
  const own = (where: string) => {
    const full = absolute(where);
    const stat = unlessAbsent(() => lstatSync(full, QUIET));
    witness.saw(full, stat);
    return stat;
  };
  return {
    root,
    hex: memo((file) =>
      isOutside(file) ? hexOf(behind(file)) : digestAt(file)?.replace(/^[fx]:/, ''),
    ),
    names: memo((folder) => namesIn(behind(folder))),
    exists: memo((where) => own(where) !== undefined),
    stamp: memo((where) => stampOf(statBehind(where))),
    link: memo((where) => linkAt(absolute(where), own(where))),
  };
}

const QUIET = { throwIfNoEntry: false } as const;

function memo<T>(look: (where: string) => T): (where: string) => T {
  const seen = new Map<string, T>();
  return (where) => {
    const known = seen.get(where);
    if (known !== undefined || seen.has(where)) return known as T;
    const found = look(where);
    seen.set(where, found);
    return found;
  };
}

/** A folder has a digest of another kind. */
export function isFileDigest(digest: string | undefined): digest is string {
  return /^[0-9a-f]{64}$/.test(digest ?? '');
}

/** Undefined when there is no file. */
export function hexOf(file: string): string | undefined {
  const bytes = unlessAbsent(() => readFileSync(file));
  return bytes && hexOfBytes(bytes);
}

export function hexOfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function namesIn(folder: string): readonly string[] {
  return unlessAbsent(() => readdirSync(folder).sort()) ?? [];
}

function stampOf(stat: Stats | undefined): string | undefined {
  return stat && [stat.dev, stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs].join(' ');
}

function linkAt(where: string, stat: Stats | undefined): string | undefined {
  if (stat === undefined) return undefined;
  return stat.isSymbolicLink() ? readlinkSync(where) : '';
}

function unlessAbsent<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    throw error;
  }
}
