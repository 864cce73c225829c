/** Objects of a remote cache → a local store. Every byte is hashed before it is believed. */
import { hash } from 'node:crypto';
import { chmodSync, rmSync, statSync } from 'node:fs';
import { hashFile } from '../cache/files/hash.js';
import { finish } from '../cache/files/yielding.js';
import { type Digest, kindOf, nameOf } from '../cache/objects/digest.js';
import type { Objects } from '../cache/objects/objects.js';
import { parseTree } from '../cache/objects/tree.js';
import { eachOf, limitOf } from './concurrency.js';
import type { Pack } from './remote-record.js';
import type { Store } from './store.js';

/** A listing above this counts as damaged: this allows 5 million files in one folder. */
const LISTING_LIMIT = 2 ** 29;

/** Objects up to this size are fetched into memory. */
const IN_MEMORY = 2 ** 20;

/** Packs in memory at once. */
const PACKS = 8;

/** Requests at once. */
const WIDTH = 32;

export interface ObjectSource {
  readonly store: Store;
  readonly packs: readonly Pack[];
}

export interface ObjectTarget {
  readonly objects: Objects;
  /** A new temporary file on the same file system. */
  readonly draft: () => string;
  /** Permissions of the files of objects. */
  readonly mode: number;
}

/** An object of the remote cache that is missing or not what its name says. */
export class BadObject extends Error {
  /** `cas/<sha256>` of the object, or of the pack that should hold it. */
  readonly at: string;

  constructor(at: string, why: string) {
    super(`${at} ${why}`);
    this.at = at;
  }
}

/**
 * Brings all objects of a digest here that are not here yet, listings first.
 *
 * @throws BadObject when one is missing or damaged; what was brought before stays
 */
export async function bringObjects(
  digest: Digest,
  size: number,
  source: ObjectSource,
  target: ObjectTarget,
): Promise<void> {
  await new Bringing(source, target).below(digest, size);
}

class Bringing {
  readonly #store: Store;
  readonly #target: ObjectTarget;
  readonly #packOf = new Map<string, Pack>();
  readonly #packs = new Map<Pack, Promise<void>>();
  readonly #seen = new Set<string>();
  readonly #limit = limitOf(PACKS);

  constructor({ store, packs }: ObjectSource, target: ObjectTarget) {
    this.#store = store;
    this.#target = target;
    for (const pack of packs) for (const [hex] of pack.holds) this.#packOf.set(hex, pack);
  }

  async below(digest: Digest, size: number): Promise<void> {
    const hex = nameOf(digest);
    if (this.#seen.has(hex)) return;
    this.#seen.add(hex);
    const isListing = kindOf(digest) === 'directory';
    const { objects } = this.#target;
    if (objects.wanted(hex) === undefined) await this.#bring(hex, isListing ? LISTING_LIMIT : size);
    if (!isListing) return;
    const entries = parseTree(objects.read(hex));
    if (entries === undefined) throw new BadObject(`cas/${hex}`, 'is not a directory listing');
    await eachOf(entries, WIDTH, (entry) => this.below(entry.digest, entry.size));
  }

  async #bring(hex: string, limit: number): Promise<void> {
    const pack = this.#packOf.get(hex);
    if (pack !== undefined) await this.#unpackOnce(pack);
    else if (limit > IN_MEMORY && limit !== LISTING_LIMIT)
      await this.#download(`cas/${hex}`, hex, limit);
    else {
      const bytes = await this.#bytes(`cas/${hex}`, hex, limit);
      this.#target.objects.put(bytes, hex, this.#target.mode);
    }
  }

  #unpackOnce(pack: Pack): Promise<void> {
    const unpacking = this.#packs.get(pack) ?? this.#limit(() => this.#unpack(pack));
    this.#packs.set(pack, unpacking);
    return unpacking;
  }

  /** All objects of a pack: the caller needs one of them, and the others belong to the same outs. */
  async #unpack({ hex, size, holds }: Pack): Promise<void> {
    const name = `cas/${hex}`;
    const bytes = await this.#bytes(name, hex, size);
    for (const [object, start, length] of holds) {
      const part = bytes.subarray(start, start + length);
      if (hash('sha256', part) !== object) throw new BadObject(name, 'is damaged');
      this.#target.objects.put(part, object, this.#target.mode);
    }
  }

  async #bytes(name: string, hex: string, limit: number): Promise<Buffer> {
    const bytes = await this.#store.get(name, limit);
    if (bytes === undefined) throw new BadObject(name, 'is missing');
    if (hash('sha256', bytes) !== hex) throw new BadObject(name, 'is damaged');
    return bytes;
  }

  async #download(name: string, hex: string, limit: number): Promise<void> {
    const file = this.#target.draft();
    try {
      if (!(await this.#store.download(name, file, limit))) throw new BadObject(name, 'is missing');
      if ((await finish(hashFile(file))).hex !== hex) throw new BadObject(name, 'is damaged');
      chmodSync(file, this.#target.mode & statSync(file).mode);
      this.#target.objects.adopt(file, hex, limit);
    } finally {
      rmSync(file, { force: true });
    }
  }
}
