/** Content-addressed object store: objects appear complete, are checked on read, and never change. */
import { hash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
} from 'node:fs';
import path from 'node:path';
import { lstatIfThere, unless, unlessFailed } from '../../sys/if-there.js';
import { makeFolder } from '../../sys/make-folder.js';
import { withFile } from '../../sys/open-file.js';
import type { CacheContext } from '../files/cache-context.js';
import { codeOf, DamagedObject, isAbsent, unlessDamaged } from '../files/file-errors.js';
import { hashFile, readSmall } from '../files/hash.js';
import { renew } from '../files/renew.js';
import { roomOf, writeSparse } from '../files/sparse.js';
import { renameInto } from '../files/write-whole.js';
import { finish } from '../files/yielding.js';
import { OBJECT_MODE } from './access.js';
import { type Digest, kindOf, nameOf } from './digest.js';
import { takeBack } from './sweeper.js';
import { parseTree, type TreeEntry } from './tree.js';

/** A longer listing is invalid: this allows 100 million files. */
const TREE_LIMIT = 2 ** 31;

export class Objects {
  readonly folder: string;
  readonly #context: Pick<CacheContext, 'layout' | 'scratch' | 'onSize'>;
  /** Objects found damaged, including those that could not be moved away. */
  readonly #bad = new Set<string>();
  /** Objects that this process stored and has not synced yet. */
  #unsynced: string[] = [];

  constructor(folder: string, context: Pick<CacheContext, 'layout' | 'scratch' | 'onSize'>) {
    this.folder = folder;
    this.#context = context;
  }

  pathOf(hex: string): string {
    return `${this.folder}/${hex.slice(0, 2)}/${hex.slice(2)}`;
  }

  /** Undefined if the object is missing, or private to another user: it is then stored again. */
  stat(hex: string): Stats | undefined {
    if (this.#bad.has(hex)) return undefined;
    const stat = lstatIfThere(this.pathOf(hex));
    return stat?.isFile() && isReadable(this.pathOf(hex), stat) ? stat : undefined;
  }

  /** False for a private object of another user. */
  isReadable(hex: string): boolean {
    const stat = lstatIfThere(this.pathOf(hex));
    return stat === undefined || isReadable(this.pathOf(hex), stat);
  }

  /** Like `stat`, for a referenced object: takes it back if a gc has just moved it. */
  wanted(hex: string): Stats | undefined {
    const stat = this.stat(hex);
    if (stat !== undefined || this.#bad.has(hex)) return stat;
    return takeBack(this.#context.scratch, this.pathOf(hex)) ? this.stat(hex) : undefined;
  }

  /**
   * True when the object exists. Renews its mtime, which protects it from a gc that began before
   * the caller writes a reference. Sets the mode that storing would set, because an object is as
   * private as the last file stored in it.
   */
  reuse(hex: string, size?: number, mode = OBJECT_MODE): boolean {
    const stat = this.stat(hex);
    if (stat === undefined || (size !== undefined && stat.size !== size)) return false;
    const file = this.pathOf(hex);
    this.#context.scratch.fence.check(path.dirname(file));
    const wanted = mode & ~this.#context.scratch.umask;
    return (
      ((stat.mode & 0o777) === wanted || changeMode(file, wanted)) &&
      renew(file, this.#context.scratch.clocks.date())
    );
  }

  /** Stores bytes and returns their hash. */
  put(bytes: Uint8Array, hex: string = hash('sha256', bytes), mode = OBJECT_MODE): string {
    if (this.reuse(hex, bytes.length, mode)) return hex;
    const draft = this.#context.scratch.file();
    try {
      const room = withFile(draft, 'wx', (handle) => writeSparse(handle, bytes), mode);
      this.adopt(draft, hex, room);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
    return hex;
  }

  /**
   * Moves a finished, read-only file to its name and replaces an existing object, which may be
   * damaged.
   * `growth`: additional bytes in the store.
   */
  adopt(draft: string, hex: string, growth: number): void {
    const target = this.pathOf(hex);
    this.#context.scratch.fence.check(path.dirname(target));
    renameInto(draft, target);
    this.#bad.delete(hex);
    this.#unsynced.push(target);
    this.#context.onSize(growth);
  }

  /** Deletes an object. Returns the bytes that it occupied. */
  drop(hex: string): number {
    const file = this.pathOf(hex);
    this.#context.scratch.fence.check(path.dirname(file));
    const stat = this.stat(hex);
    rmSync(file, { force: true });
    return stat === undefined ? 0 : roomOf(stat);
  }

  /** Files stored since the last call. */
  takeUnsynced(): string[] {
    const files = this.#unsynced;
    this.#unsynced = [];
    return files;
  }

  /** Bytes of a small object, checked. */
  read(hex: string): Buffer {
    const bytes = this.readIfThere(hex);
    if (bytes === undefined) throw new DamagedObject(hex, 'missing', 'no such file');
    return bytes;
  }

  /** Like `read`; undefined for a missing object. */
  readIfThere(hex: string): Buffer | undefined {
    const small = this.#bad.has(hex) ? undefined : unlessFailed(() => readSmall(this.pathOf(hex)));
    if (small && hash('sha256', small.bytes) === hex) return Buffer.from(small.bytes);
    const stat = this.wanted(hex);
    if (stat === undefined) return undefined;
    if (stat.size > TREE_LIMIT) throw this.damaged(hex, 'it is far longer than any listing');
    const bytes = readFileSync(this.pathOf(hex));
    if (hash('sha256', bytes) !== hex)
      throw this.damaged(hex, 'its content does not match its name');
    return bytes;
  }

  /** Entries of a directory listing. */
  tree(hex: string): TreeEntry[] {
    const entries = parseTree(this.read(hex));
    if (entries === undefined)
      throw new DamagedObject(hex, 'damaged', 'it is not a directory listing');
    return entries;
  }

  /**
   * Names of the objects below a digest, parents first. Skips the entries of a missing or damaged
   * listing. With `listings`, no files.
   */
  *namesOf(digest: Digest, listings = false): Generator<string> {
    const hex = nameOf(digest);
    const isFolder = kindOf(digest) === 'directory';
    // Read before the yield, since the caller may delete what it receives.
    const entries = isFolder ? this.treeIfThere(hex) : [];
    if (isFolder || !listings) yield hex;
    for (const entry of entries) yield* this.namesOf(entry.digest, listings);
  }

  /** Empty for a missing or damaged listing. */
  treeIfThere(hex: string): TreeEntry[] {
    return unlessDamaged(() => this.tree(hex)) ?? [];
  }

  /** Moves a damaged object away, so that it is stored again. Returns the error to throw. */
  damaged(hex: string, detail: string): DamagedObject {
    this.#bad.add(hex);
    const aside = path.join(this.#context.layout.damaged, hex);
    for (const folder of [this.#context.layout.damaged, path.dirname(this.pathOf(hex))]) {
      this.#context.scratch.fence.check(folder);
    }
    const moved = unlessFailed(() => {
      makeFolder(this.#context.layout.damaged);
      renameSync(this.pathOf(hex), aside);
      return `now at ${aside}`;
    });
    // If the folder is read-only, the set above makes this run ignore the object.
    return new DamagedObject(hex, 'damaged', `${detail} (${moved ?? this.pathOf(hex)})`);
  }
}

/** Calls access(2) only for files that others may not read. */
function isReadable(file: string, stat: Stats): boolean {
  const own = process.getuid?.();
  if (own === undefined || own === 0 || stat.uid === own || (stat.mode & 0o004) !== 0) return true;
  const isAllowed = unless(['EACCES'], () => {
    accessSync(file, constants.R_OK);
    return true;
  });
  return isAllowed ?? false;
}

/** False if the file has just disappeared. Keeps the mode that another user has chosen. */
function changeMode(file: string, mode: number): boolean {
  try {
    chmodSync(file, mode);
  } catch (error) {
    if (isAbsent(error)) return false;
    if (codeOf(error) !== 'EPERM') throw error;
  }
  return true;
}

/**
 * True when all objects of a digest exist with the right size.
 *
 * @throws DamagedObject when a listing is damaged
 */
export function isWhole(objects: Objects, digest: Digest, size?: number): boolean {
  const hex = nameOf(digest);
  const stat = objects.wanted(hex);
  if (stat === undefined) return false;
  if (kindOf(digest) !== 'directory') return size === undefined || stat.size === size;
  return objects.tree(hex).every((entry) => isWhole(objects, entry.digest, entry.size));
}

/** Name of the first object of a digest that is missing or does not match its name. Moves and repairs none. */
export async function firstUnsound(objects: Objects, digest: Digest): Promise<string | undefined> {
  for (const hex of objects.namesOf(digest)) {
    if ((await hexOf(objects.pathOf(hex))) !== hex) return hex;
  }
  return undefined;
}

async function hexOf(file: string): Promise<string | undefined> {
  try {
    return (await finish(hashFile(file))).hex;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
