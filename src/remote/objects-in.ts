/** Objects of a remote cache → a local store. Every byte is hashed before it is believed. */
import { createHash, hash } from 'node:crypto';
import { chmodSync, createReadStream, rmSync } from 'node:fs';
import { OBJECT_MODE } from '../cache/objects/access.js';
import { type Digest, kindOf, nameOf } from '../cache/objects/digest.js';
import type { Objects } from '../cache/objects/objects.js';
import { parseTree } from '../cache/objects/tree.js';
import { eachOf } from './parallel.js';
import type { Pack } from './remote-record.js';
import type { Store } from './store.js';

/** A listing above this counts as damaged: this allows 5 million files in one folder. */
const LISTING_LIMIT = 2 ** 29;

/** Objects up to this size are fetched into memory. */
const IN_MEMORY = 2 ** 20;

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

type Held = { readonly pack: Pack; readonly start: number; readonly end: number };

class Bringing {
  readonly #store: Store;
  readonly #target: ObjectTarget;
  readonly #places = new Map<string, Held>();
  readonly #packs = new Map<string, Promise<Buffer | undefined>>();
  readonly #seen = new Set<string>();

  constructor({ store, packs }: ObjectSource, target: ObjectTarget) {
    this.#store = store;
    this.#target = target;
    for (const pack of packs)
      for (const [hex, start, length] of pack.holds)
        this.#places.set(hex, { pack, start, end: start + length });
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
    const held = this.#places.get(hex);
    const name = `cas/${held?.pack.hex ?? hex}`;
    if (held === undefined && limit > IN_MEMORY && limit !== LISTING_LIMIT) {
      await this.#download(name, hex, limit);
      return;
    }
    const bytes =
      held === undefined ? await this.#store.get(name, limit) : await this.#packed(held);
    if (bytes === undefined) throw new BadObject(name, 'is missing');
    if (hash('sha256', bytes) !== hex) throw new BadObject(name, 'is damaged');
    this.#target.objects.put(bytes, hex);
  }

  async #packed({ pack, start, end }: Held): Promise<Buffer | undefined> {
    let bytes = this.#packs.get(pack.hex);
    if (bytes === undefined) {
      bytes = this.#store.get(`cas/${pack.hex}`, pack.size);
      this.#packs.set(pack.hex, bytes);
    }
    return (await bytes)?.subarray(start, end);
  }

  async #download(name: string, hex: string, limit: number): Promise<void> {
    const file = this.#target.draft();
    try {
      if (!(await this.#store.download(name, file, limit))) throw new BadObject(name, 'is missing');
      if ((await digestOf(file)) !== hex) throw new BadObject(name, 'is damaged');
      chmodSync(file, OBJECT_MODE);
      this.#target.objects.adopt(file, hex, limit);
    } finally {
      rmSync(file, { force: true });
    }
  }
}

async function digestOf(file: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 }))
    digest.update(chunk);
  return digest.digest('hex');
}
