/** Ingests a committed checkpoint as objects: moved, not copied, since checkpoints are large. */
import {
  closeSync,
  fchmodSync,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import { isWithoutLinks } from '../../sys/no-links.js';
import { copyHashing, copyToDraft } from '../files/copy.js';
import { codeOf, isAbsent, type UnusableFile, unusable } from '../files/file-errors.js';
import { READ } from '../files/hash.js';
import { isDamaged, refuseBadNames } from '../files/refusals.js';
import type { Scratch } from '../files/scratch-folder.js';
import { roomOf } from '../files/sparse.js';
import { OBJECT_MODE, PermissionNotes, type Permissions, PRIVATE_MODE } from '../objects/access.js';
import type { Digest } from '../objects/digest.js';
import type { Objects } from '../objects/objects.js';
import { makeTree, type TreeEntry } from '../objects/tree.js';
import { fileDigest, type Scan } from '../scan/rows.js';

/** Errors that the stage causes. */
const UNREADABLE = new Set(['EACCES', 'EPERM', 'ENXIO', 'ENAMETOOLONG']);

export class StateIngest {
  readonly #objects: Objects;
  readonly #scratch: Scratch;
  readonly #shown: string;
  /** First fingerprint of each path, by path within the folder. */
  readonly #seen = new Map<string, string>();
  readonly #notes: PermissionNotes;

  /** `shown`: the folder's name in messages. */
  constructor(objects: Objects, scratch: Scratch, shown: string) {
    this.#objects = objects;
    this.#scratch = scratch;
    this.#shown = shown;
    // A state is restored read-only, so its write permission does not matter.
    this.#notes = new PermissionNotes(scratch.umask, 0o555);
  }

  get permissions(): Permissions | undefined {
    return this.#notes.all;
  }

  /** Stores a folder and leaves it as it is: each file becomes an object by a second name. */
  async take(folder: string): Promise<Scan> {
    const stat = this.#reading('', () => lstatSync(folder));
    if (!stat.isDirectory()) {
      throw unusable(this.#shown, 'is not a folder', 'rename a folder to $PIPE_COMMIT/<k>');
    }
    this.#remember(folder, '');
    return this.#directory(folder, '', stat, OBJECT_MODE);
  }

  /** Throws if the folder has changed since it was stored. Call before anything refers to it. */
  checkUnchanged(folder: string): void {
    for (const [inner, print] of this.#seen) {
      const now = this.#reading(inner, () => printOf(path.join(folder, inner)));
      if (now !== print) throw this.#changed(inner);
    }
  }

  /** Fingerprints everything before reading anything. */
  #remember(absolute: string, inner: string): void {
    this.#seen.set(
      inner,
      this.#reading(inner, () => printOf(absolute)),
    );
    const names = this.#reading(inner, () => namesBelow(absolute, within(this.#shown, inner)));
    for (const name of names) this.#remember(path.join(absolute, name), within(inner, name));
  }

  /** `mode`: mode of the objects, as the enclosing folders require. */
  async #directory(folder: string, inner: string, stat: Stats, mode: number): Promise<Scan> {
    const ownMode = this.#notes.note(inner, stat) ? PRIVATE_MODE : mode;
    const entries: TreeEntry[] = [];
    const names = this.#reading(inner, () => namesBelow(folder, within(this.#shown, inner)));
    for (const name of names) {
      const entry = await this.#entry(path.join(folder, name), within(inner, name), ownMode);
      entries.push({ name, ...entry });
    }
    const tree = makeTree(entries);
    this.#objects.put(tree.bytes, tree.hex, ownMode);
    return { digest: `d:${tree.hex}`, size: tree.size, files: tree.files };
  }

  async #entry(absolute: string, inner: string, around: number): Promise<Scan> {
    const stat = this.#reading(inner, () => lstatSync(absolute));
    if (stat.isDirectory()) return this.#directory(absolute, inner, stat, around);
    if (stat.isFile()) {
      const mode = this.#notes.note(inner, stat) ? PRIVATE_MODE : around;
      const digest = await this.#file(absolute, inner, stat, mode);
      return { digest, size: stat.size, files: 1 };
    }
    if (!stat.isSymbolicLink()) {
      throw unusable(
        `${inner} in ${this.#shown}`,
        'is not a file',
        'keep only files and folders in it',
      );
    }
    const target = Buffer.from(this.#reading(inner, () => readlinkSync(absolute)));
    const hex = this.#objects.put(target, undefined, around);
    return { digest: `l:${hex}`, size: target.length, files: 1 };
  }

  async #file(absolute: string, inner: string, stat: Stats, mode: number): Promise<Digest> {
    const from = this.#reading(inner, () => openSync(absolute, READ));
    try {
      const { hex, size } = await copyHashing(from, undefined);
      if (size !== stat.size || filePrint(stat) !== filePrint(fstatSync(from)))
        throw this.#changed(inner);
      if (!this.#reading(inner, () => this.#link(absolute, from, { stat, hex, mode }))) {
        await this.#copy(absolute, from, inner, { hex, mode });
      }
      return fileDigest(stat, hex);
    } finally {
      closeSync(from);
    }
  }

  /**
   * Uses a link, not a rename, so that the folder stays complete until the record is written. Only
   * for a file without another name, because a write through that name would change the object.
   * False if it is not possible, or if the name now belongs to another file.
   */
  #link(
    absolute: string,
    from: number,
    { stat, hex, mode }: { readonly stat: Stats; readonly hex: string; readonly mode: number },
  ): boolean {
    if (this.#objects.stat(hex)?.ino === stat.ino) return true; // A call before a crash did this already.
    if (stat.nlink > 1) return false;
    const draft = this.#scratch.file();
    try {
      fchmodSync(from, mode & ~this.#scratch.umask);
      linkSync(absolute, draft);
      if (lstatSync(draft).ino !== stat.ino) {
        rmSync(draft);
        return false;
      }
    } catch (error) {
      if (isWithoutLinks(error)) return false;
      throw error;
    }
    this.#objects.adopt(draft, hex, roomOf(stat));
    return true;
  }

  async #copy(
    absolute: string,
    from: number,
    inner: string,
    { hex, mode }: { readonly hex: string; readonly mode: number },
  ): Promise<void> {
    const draft = this.#scratch.file();
    try {
      const copied = await copyToDraft(absolute, from, draft, mode);
      if (copied.hex !== hex) throw this.#changed(inner);
      this.#objects.adopt(draft, hex, copied.room);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  }

  /** A file that disappears meanwhile or cannot be read is an error of the stage. */
  #reading<T>(inner: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      const code = codeOf(error) ?? '';
      if (isAbsent(error) || code === 'ELOOP') throw this.#changed(inner);
      if (!UNREADABLE.has(code)) throw error;
      const hint = 'commit only files that the run can read';
      throw unusable(this.#name(inner), `cannot be read (${code})`, hint);
    }
  }

  #changed(inner: string): UnusableFile {
    const hint = 'finish and close its files before the folder is renamed';
    return unusable(this.#name(inner), 'changed while it was being stored', hint);
  }

  #name(inner: string): string {
    return inner === '' ? this.#shown : `${inner} in ${this.#shown}`;
  }
}

function namesBelow(absolute: string, shown: string): string[] {
  if (!lstatSync(absolute).isDirectory()) return [];
  const names = readdirSync(absolute);
  if (names.some(isDamaged)) refuseBadNames(absolute, shown);
  return names;
}

function within(inner: string, name: string): string {
  if (inner === '' || name === '') return inner || name;
  return `${inner}/${name}`;
}

/** The names in a folder, because its mtime could miss changes within a tick. */
function printOf(absolute: string): string {
  const stat = lstatSync(absolute);
  if (!stat.isDirectory()) return filePrint(stat);
  return `in it: ${readdirSync(absolute).sort().join('/')}`;
}

/** Without ctime, which also changes when the file gets or loses another name. */
function filePrint({ ino, size, mtimeMs, mode }: Stats): string {
  // Storing changes the permissions but not the file type.
  return `${mode & 0o170000}:${ino}:${size}:${mtimeMs}`;
}
