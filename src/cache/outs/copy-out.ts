/** Writes objects back into the workspace as independent files, checked during the copy. */
import { hash } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fstatSync,
  futimesSync,
  mkdirSync,
  openSync,
  rmSync,
  type Stats,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { unlessFailed } from '../../sys/if-there.js';
import { inFolder } from '../../sys/is-within.js';
import { withFile } from '../../sys/open-file.js';
import { type Copied, copyToDraft, SMALL } from '../files/copy.js';
import { codeOf, DamagedObject, isAbsent } from '../files/file-errors.js';
import { READ, readSmall } from '../files/hash.js';
import { writeSparse } from '../files/sparse.js';
import { Yielder } from '../files/yielding.js';
import { modeOf, type Permissions } from '../objects/access.js';
import { kindOf, nameOf } from '../objects/digest.js';
import type { Objects } from '../objects/objects.js';
import type { TreeEntry } from '../objects/tree.js';

/** Modes of written files, before the umask. */
interface Modes {
  readonly file: number;
  readonly executable: number;
}

export const WORKSPACE_MODES: Modes = { file: 0o666, executable: 0o777 };
const STATE_MODES: Modes = { file: 0o444, executable: 0o555 };

/**
 * Age of a restored file's mtime: any later write changes it, so the digest can be remembered
 * immediately.
 */
const MOMENT_MS = 3_000;

interface FileMode {
  readonly mode: number;
  /** The umask does not apply. */
  readonly isExact: boolean;
}

/**
 * Writes a file or link to a free path. Returns its stat if that identifies its content. `noted`:
 * the recorded mode, if it differs from the umask's. `stop` ends it by its reason.
 *
 * @throws DamagedObject when the object is missing or does not match its name; then no file is left
 */
export async function writeEntry(
  objects: Objects,
  entry: Pick<TreeEntry, 'digest' | 'size'>,
  target: string,
  modes: Modes,
  noted?: number,
  stop?: AbortSignal,
): Promise<Stats | undefined> {
  const hex = nameOf(entry.digest);
  if (kindOf(entry.digest) === 'link') {
    symlinkSync(objects.read(hex), target);
    return undefined;
  }
  const ordinary = kindOf(entry.digest) === 'executable' ? modes.executable : modes.file;
  const mode =
    noted === undefined
      ? { mode: ordinary, isExact: false }
      : { mode: noted & modes.executable, isExact: true };
  try {
    if (entry.size < SMALL) return writeShort(objects, hex, target, mode);
    return await writeLong(objects, hex, target, mode, stop);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') rmSync(target, { force: true });
    throw error;
  }
}

function writeShort(
  objects: Objects,
  hex: string,
  target: string,
  wanted: FileMode,
): Stats | undefined {
  const source = objects.pathOf(hex);
  const small = opened(hex, () => readSmall(source));
  if (small === undefined) throw objects.damaged(hex, 'it is longer than it should be');
  if (hash('sha256', small.bytes) !== hex) throw wrongBytes(objects, hex);
  const write = (to: number) => {
    writeSparse(to, small.bytes);
    return finished(to, wanted);
  };
  return withFile(target, 'wx', write, wanted.mode);
}

async function writeLong(
  objects: Objects,
  hex: string,
  target: string,
  wanted: FileMode,
  stop?: AbortSignal,
): Promise<Stats | undefined> {
  const source = objects.pathOf(hex);
  const from = opened(hex, () => openSync(source, READ));
  let stat: Stats | undefined;
  try {
    const check = (to: number, copied: Copied) => {
      if (copied.hex !== hex) throw wrongBytes(objects, hex);
      stat = finished(to, wanted);
    };
    await copyToDraft(source, from, target, wanted.mode, check, stop);
    return stat;
  } finally {
    closeSync(from);
  }
}

function opened<T>(hex: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (isAbsent(error)) throw new DamagedObject(hex, 'missing', 'no such file');
    throw error;
  }
}

function wrongBytes(objects: Objects, hex: string): DamagedObject {
  return objects.damaged(hex, 'its content does not match its name');
}

/** The stat after setting mode and times; undefined, which costs another read, if the system rejects the times. */
function finished(handle: number, { mode, isExact }: FileMode): Stats | undefined {
  if (isExact) fchmodSync(handle, mode);
  // By the clock of the file's own file system.
  const moment = new Date(fstatSync(handle).mtimeMs - MOMENT_MS);
  return unlessFailed(() => {
    futimesSync(handle, moment, moment);
    return fstatSync(handle);
  });
}

/** Writes a file, link or folder to a free path that the index does not know, as in a workspace. */
export async function copyStored(
  objects: Objects,
  { digest, size, permissions }: Pick<TreeEntry, 'digest' | 'size'> & { permissions?: Permissions },
  target: string,
): Promise<void> {
  const noted = modeOf(permissions, '', digest);
  if (kindOf(digest) !== 'directory') {
    await writeEntry(objects, { digest, size }, target, WORKSPACE_MODES, noted);
    return;
  }
  mkdirSync(target, noted === undefined ? {} : { mode: noted | 0o700 });
  await writeTree(objects, nameOf(digest), target, permissions, '', WORKSPACE_MODES);
}

/** Writes a tree of files, by default read-only, into an empty folder that the index does not know. */
export async function writeTree(
  objects: Objects,
  hex: string,
  folder: string,
  permissions?: Permissions,
  inner = '',
  modes = STATE_MODES,
): Promise<void> {
  const pace = new Yielder();
  for (const { name, digest, size } of objects.tree(hex)) {
    if (pace.due()) await pace.rest();
    const target = path.join(folder, name);
    const place = inFolder(inner, name);
    const noted = modeOf(permissions, place, digest);
    if (kindOf(digest) === 'directory') {
      mkdirSync(target, noted === undefined ? {} : { mode: noted | 0o700 });
      await writeTree(objects, nameOf(digest), target, permissions, place, modes);
    } else await writeEntry(objects, { digest, size }, target, modes, noted);
  }
}
