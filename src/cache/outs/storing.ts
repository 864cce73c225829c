/** Outs into objects: each file is copied once, hashed on its way, and named by what was written. */
import { hash } from 'node:crypto';
import { closeSync, fstatSync, lstatSync, openSync, rmSync, type Stats } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { clockTick, isSettled, looksSame } from '../files/clock.js';
import { type Copied, copyToDraft, readSmall, SMALL } from '../files/copy.js';
import { unusable } from '../files/errors.js';
import { READ } from '../files/hash.js';
import { type Sliced, until } from '../files/pace.js';
import type { Scratch } from '../files/scratch.js';
import { nameOf } from '../objects/digest.js';
import { OBJECT_MODE, type Objects } from '../objects/objects.js';
import type { Tree } from '../objects/tree.js';
import type { HashedNow } from '../scan/listing.js';
import type { Scan } from '../scan/rows.js';
import type { Keeper } from '../scan/scanner.js';

/** Above this a hash is worth waiting a tick of the clock for, so that it can be remembered. */
const WORTH_WAITING = 4 << 20;

export class Storing implements Keeper {
  readonly #project: string;
  readonly #objects: Objects;
  readonly #scratch: Scratch;

  constructor(project: string, objects: Objects, scratch: Scratch) {
    this.#project = project;
    this.#objects = objects;
    this.#scratch = scratch;
  }

  *file(where: string, stat: Stats, known: string | undefined): Sliced<HashedNow | undefined> {
    if (known !== undefined && this.#objects.reuse(known, stat.size)) return undefined;
    const absolute = path.join(this.#project, where);
    if (stat.size < SMALL) {
      const started = Date.now();
      const small = readSmall(absolute);
      if (small !== undefined) {
        const { bytes, after } = small;
        refuseChange(where, stat, after, bytes.length);
        return this.#settled(this.#putSmall(bytes), stat, started);
      }
    }
    const tick = clockTick(stat);
    if (stat.size > WORTH_WAITING && !isSettled(stat, Date.now()) && tick < 100) {
      yield* until(delay(tick + 1));
    }
    const started = Date.now();
    return this.#settled(yield* until(this.#long(where, absolute, stat)), stat, started);
  }

  readonly link = (target: string): void => {
    this.#objects.put(Buffer.from(target));
  };

  hasTree(scan: Scan): boolean {
    return this.#objects.reuse(nameOf(scan.digest));
  }

  tree(tree: Tree): void {
    this.#objects.put(tree.bytes, tree.hex);
  }

  directoryDone(where: string, before: Stats): void {
    const after = lstatSync(path.join(this.#project, where));
    if (after.mtimeMs !== before.mtimeMs || after.ino !== before.ino) throw changed(where);
  }

  #putSmall(bytes: Buffer): Copied {
    return { hex: this.#objects.put(bytes, hash('sha256', bytes)), size: bytes.length };
  }

  #settled({ hex, size }: Copied, stat: Stats, started: number): HashedNow {
    return { hex, size, settled: isSettled(stat, started) };
  }

  async #long(where: string, absolute: string, stat: Stats): Promise<Copied> {
    const draft = this.#scratch.file();
    const from = openSync(absolute, READ);
    try {
      const copied = await copyToDraft(absolute, from, draft, OBJECT_MODE);
      refuseChange(where, stat, fstatSync(from), copied.size);
      // What may be there already gives way: it may be damaged.
      const there = this.#objects.stat(copied.hex)?.size ?? 0;
      this.#objects.adopt(draft, copied.hex, copied.size - there);
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
