/** A committed state into objects: moved, not copied, since a state is large and nobody else needs it. */
import {
  chmodSync,
  closeSync,
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
import { copyHashing, copyToDraft } from '../files/copy.js';
import { codeOf, isAbsent, type UnusableFile, unusable } from '../files/errors.js';
import { READ } from '../files/hash.js';
import { isDamaged, refuseBadNames } from '../files/refusals.js';
import type { Scratch } from '../files/scratch.js';
import type { Digest } from '../objects/digest.js';
import { OBJECT_MODE, type Objects } from '../objects/objects.js';
import { makeTree, type TreeEntry } from '../objects/tree.js';
import { fileDigest, type Scan } from '../scan/rows.js';

/** Why a link cannot be made here; then it is copied. */
const NO_LINKS = new Set(['EPERM', 'EXDEV', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Why something in a state cannot be stored, by the stage's doing. */
const UNREADABLE = new Set(['EACCES', 'EPERM', 'ENXIO', 'ENAMETOOLONG']);

export class StateTaking {
  readonly #objects: Objects;
  readonly #scratch: Scratch;
  readonly #shown: string;
  /** What is being stored, by path within the folder, as it was at first. */
  readonly #seen = new Map<string, string>();

  /** `shown`: what the folder is called in messages. */
  constructor(objects: Objects, scratch: Scratch, shown: string) {
    this.#objects = objects;
    this.#scratch = scratch;
    this.#shown = shown;
  }

  /** Stores a folder, which stays as it is: its files become the objects by a second name. */
  async take(folder: string): Promise<Scan> {
    if (!lstatSync(folder).isDirectory()) {
      throw unusable(this.#shown, 'is no folder', 'rename a folder to $PIPE_COMMIT/<k>');
    }
    this.#remember(folder, '');
    return this.#directory(folder, '');
  }

  /** Throws when the folder no longer is what was stored. To be called before anything refers to it. */
  checkUnchanged(folder: string): void {
    for (const [inner, print] of this.#seen) {
      const now = this.#reading(inner, () => printOf(path.join(folder, inner)));
      if (now !== print) throw this.#changed(inner);
    }
  }

  /** All of it before any of it is read. */
  #remember(absolute: string, inner: string): void {
    this.#seen.set(
      inner,
      this.#reading(inner, () => printOf(absolute)),
    );
    const names = this.#reading(inner, () => namesBelow(absolute, within(this.#shown, inner)));
    for (const name of names) this.#remember(path.join(absolute, name), within(inner, name));
  }

  async #directory(folder: string, inner: string): Promise<Scan> {
    const entries: TreeEntry[] = [];
    const names = this.#reading(inner, () => namesBelow(folder, within(this.#shown, inner)));
    for (const name of names) {
      const entry = await this.#entry(path.join(folder, name), within(inner, name));
      entries.push({ name, ...entry });
    }
    const tree = makeTree(entries);
    this.#objects.put(tree.bytes, tree.hex);
    return { digest: `d:${tree.hex}`, size: tree.size, files: tree.files };
  }

  async #entry(absolute: string, inner: string): Promise<Scan> {
    const stat = this.#reading(inner, () => lstatSync(absolute));
    if (stat.isDirectory()) return this.#directory(absolute, inner);
    if (stat.isFile()) {
      const digest = await this.#file(absolute, inner, stat);
      return { digest, size: stat.size, files: 1 };
    }
    if (!stat.isSymbolicLink()) {
      throw unusable(
        `${inner} in ${this.#shown}`,
        'is no file',
        'keep only files and folders in it',
      );
    }
    const target = Buffer.from(readlinkSync(absolute));
    return { digest: `l:${this.#objects.put(target)}`, size: target.length, files: 1 };
  }

  async #file(absolute: string, inner: string, stat: Stats): Promise<Digest> {
    const from = this.#reading(inner, () => openSync(absolute, READ));
    try {
      const { hex, size } = await copyHashing(from, undefined);
      if (size !== stat.size || filePrint(stat) !== filePrint(fstatSync(from)))
        throw this.#changed(inner);
      if (!this.#link(absolute, stat, hex)) await this.#copy(absolute, from, inner, hex);
      return fileDigest(stat, hex);
    } finally {
      closeSync(from);
    }
  }

  /**
   * A link, not a rename: the folder stays complete until the record is written. Only for a file
   * that has no other name, since an edit through that one would reach the object.
   */
  #link(absolute: string, stat: Stats, hex: string): boolean {
    if (this.#objects.stat(hex)?.ino === stat.ino) return true; // After a crash: done already.
    if (stat.nlink > 1) return false;
    const draft = this.#scratch.file();
    try {
      chmodSync(absolute, OBJECT_MODE);
      linkSync(absolute, draft);
    } catch (error) {
      if (NO_LINKS.has(codeOf(error) ?? '')) return false;
      throw error;
    }
    this.#objects.adopt(draft, hex, stat.size);
    return true;
  }

  async #copy(absolute: string, from: number, inner: string, hex: string): Promise<void> {
    const draft = this.#scratch.file();
    try {
      const copied = await copyToDraft(absolute, from, draft, OBJECT_MODE);
      if (copied.hex !== hex) throw this.#changed(inner);
      this.#objects.adopt(draft, hex, copied.size);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
  }

  /** What goes away meanwhile, or cannot be read, is the stage's mistake. */
  #reading<T>(inner: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      const code = codeOf(error) ?? '';
      if (isAbsent(error) || code === 'ELOOP') throw this.#changed(inner);
      if (!UNREADABLE.has(code)) throw error;
      const hint = 'commit only what the run may read';
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

/** Of a folder its names, since a time has ticks. */
function printOf(absolute: string): string {
  const stat = lstatSync(absolute);
  return stat.isDirectory() ? namesPrint(readdirSync(absolute)) : filePrint(stat);
}

/** Not the time of change: it moves too when another name of the file comes or goes. */
function filePrint({ ino, size, mtimeMs, mode }: Stats): string {
  // The rights change when it becomes an object; what kind it is does not.
  return `${mode & 0o170000}:${ino}:${size}:${mtimeMs}`;
}

function namesPrint(names: readonly string[]): string {
  return `in it: ${[...names].sort().join('/')}`;
}
