/** Stores outs as objects: copies each file once, and names the object by the bytes written. */
import { hash } from 'node:crypto';
import { closeSync, fstatSync, lstatSync, openSync, rmSync, type Stats } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { getOrMake } from '../../lists.js';
import { isWithin } from '../../sys/is-within.js';
import { type Copied, copyToDraft, SMALL } from '../files/copy.js';
import { unusable } from '../files/file-errors.js';
import { hashFile, READ, readSmall } from '../files/hash.js';
import { isSettled, looksSame, settlingTime } from '../files/mtime-granularity.js';
import type { Scratch } from '../files/scratch-folder.js';
import { roomOf } from '../files/sparse.js';
import { type Cooperative, until } from '../files/yielding.js';
import { OBJECT_MODE, PermissionNotes, type Permissions, PRIVATE_MODE } from '../objects/access.js';
import { nameOf } from '../objects/digest.js';
import type { Objects } from '../objects/objects.js';
import type { Tree } from '../objects/tree.js';
import type { HashedNow } from '../scan/listing.js';
import type { Scan } from '../scan/rows.js';
import type { Keeper } from '../scan/walk.js';

type Hashed = Pick<Copied, 'hex' | 'size'>;

/** For a larger file it is worth waiting for a clock tick, so that its hash can be remembered. */
const WORTH_WAITING = 4 << 20;

export class OutStore implements Keeper {
  readonly #project: string;
  readonly #out: string;
  readonly #objects: Objects;
  readonly #scratch: Scratch;
  readonly #notes: PermissionNotes;
  /** Directories of the out; true if others may not read them. */
  readonly #hidden = new Map<string, boolean>();

  readonly #isTemp: boolean;

  /** `out`: its path in the project. `isTemp`: stores only the listings of folders. */
  constructor(project: string, out: string, objects: Objects, scratch: Scratch, isTemp: boolean) {
    this.#isTemp = isTemp;
    this.#project = project;
    this.#out = out;
    this.#objects = objects;
    this.#scratch = scratch;
    this.#notes = new PermissionNotes(scratch.umask);
  }

  get permissions(): Permissions | undefined {
    return this.#notes.all;
  }

  *file(where: string, stat: Stats, known: string | undefined): Cooperative<HashedNow | undefined> {
    const isPrivate = this.#notes.note(this.#inner(where), stat);
    const mode = isPrivate ? PRIVATE_MODE : this.#modeIn(path.dirname(where));
    if (this.#isTemp) return known === undefined ? yield* this.#hashed(where, stat) : undefined;
    if (known !== undefined && this.#objects.reuse(known, stat.size, mode)) return undefined;
    const absolute = path.join(this.#project, where);
    if (stat.size < SMALL) {
      const started = this.#now(stat);
      const small = readSmall(absolute);
      if (small !== undefined) {
        const { bytes, after } = small;
        refuseChange(where, stat, after, bytes.length);
        return this.#settled(this.#putSmall(bytes, mode), stat, started);
      }
    }
    const wait = settlingTime(stat);
    if (stat.size > WORTH_WAITING && !isSettled(stat, this.#now(stat)) && wait < 100) {
      yield* until(delay(wait));
    }
    const started = this.#now(stat);
    return this.#settled(yield* until(this.#long(where, stat, mode)), stat, started);
  }

  link(where: string, target: string): void {
    this.#objects.put(Buffer.from(target), undefined, this.#modeIn(path.dirname(where)));
  }

  hasTree(where: string, scan: Scan): boolean {
    return this.#objects.reuse(nameOf(scan.digest), undefined, this.#modeIn(where));
  }

  tree(where: string, tree: Tree): void {
    this.#objects.put(tree.bytes, tree.hex, this.#modeIn(where));
  }

  directoryDone(where: string, before: Stats): void {
    const after = lstatSync(path.join(this.#project, where));
    if (after.mtimeMs !== before.mtimeMs || after.ino !== before.ino) throw changed(where);
  }

  *#hashed(where: string, stat: Stats): Cooperative<HashedNow> {
    const started = this.#now(stat);
    const { hex, size, after } = yield* hashFile(path.join(this.#project, where));
    refuseChange(where, stat, after, size);
    return this.#settled({ hex, size }, stat, started);
  }

  #putSmall(bytes: Buffer, mode: number): Hashed {
    return { hex: this.#objects.put(bytes, hash('sha256', bytes), mode), size: bytes.length };
  }

  /** Mode of the objects that hold a directory's content. */
  #modeIn(folder: string): number {
    return this.#isHidden(folder) ? PRIVATE_MODE : OBJECT_MODE;
  }

  #isHidden(folder: string): boolean {
    if (!isWithin(folder, this.#out)) return false;
    return getOrMake(this.#hidden, folder, () => {
      const stat = lstatSync(path.join(this.#project, folder));
      const isPrivate = this.#notes.note(this.#inner(folder), stat);
      return isPrivate || this.#isHidden(path.dirname(folder));
    });
  }

  #now({ dev }: Stats): number {
    return this.#scratch.clocks.timeAt(dev, performance.now());
  }

  #inner(where: string): string {
    return where.slice(this.#out.length + 1);
  }

  #settled({ hex, size }: Hashed, stat: Stats, started: number): HashedNow {
    return { hex, size, settled: isSettled(stat, started) };
  }

  async #long(where: string, stat: Stats, mode: number): Promise<Hashed> {
    const absolute = path.join(this.#project, where);
    const draft = this.#scratch.file();
    const from = openSync(absolute, READ);
    try {
      const copied = await copyToDraft(absolute, from, draft, mode);
      refuseChange(where, stat, fstatSync(from), copied.size);
      // Replaces an existing object, which may be damaged.
      const there = this.#objects.stat(copied.hex);
      const room = there === undefined ? 0 : roomOf(there);
      this.#objects.adopt(draft, copied.hex, copied.room - room);
      return copied;
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    } finally {
      closeSync(from);
    }
  }
}

function refuseChange(where: string, before: Stats, after: Stats, size: number): void {
  if (!looksSame(before, after) || size !== before.size) throw changed(where);
}

function changed(where: string): Error {
  return unusable(
    where,
    'changed while it was being stored',
    'is a process that the stage started still writing to it?',
  );
}
