/** Downloads objects from a remote cache to a local store. Verifies the hash of every object. */
import { hash } from 'node:crypto';
import { chmodSync, rmSync, statSync } from 'node:fs';
import { Yielder } from '../cache/files/yielding.js';
import { type Digest, kindOf, nameOf } from '../cache/objects/digest.js';
import type { Objects } from '../cache/objects/objects.js';
import { parseTree } from '../cache/objects/tree.js';
import { eachOf, type Limit } from './concurrency.js';
import type { Pack } from './remote-record.js';
import type { Store } from './store.js';
import type { Traffic } from './traffic.js';
import type { Sent } from './upload-objects.js';

/** A listing above this size counts as damaged: the limit allows 5 million files in one folder. */
const LISTING_LIMIT = 2 ** 29;

/** Objects up to this size are fetched into memory. */
const IN_MEMORY = 2 ** 18;

interface ObjectSource {
  readonly store: Store;
  readonly packs: readonly Pack[];
  /** Limits the packs in memory. */
  readonly packing: Limit;
  readonly traffic: Traffic;
}

interface ObjectTarget {
  readonly objects: Objects;
  /** Path of a new temporary file on the same file system. */
  readonly draft: () => string;
  readonly mode: number;
}

/** An object of the remote cache that is missing or does not match its name. */
export class BadObject extends Error {
  /** `cas/<sha256>` of the object, or of the pack that should contain it. */
  readonly at: string;

  constructor(at: string, why: string) {
    super(`${at} ${why}`);
    this.at = at;
  }
}

/**
 * Downloads all missing objects of the digests, listings first.
 *
 * @throws BadObject when one is missing or damaged; objects downloaded before are kept
 */
export async function downloadObjects(
  wanted: readonly (Sent & { readonly size: number })[],
  source: ObjectSource,
  target: ObjectTarget,
): Promise<void> {
  const downloads = new Downloads(source, target);
  const [gone, stored] = [wanted.filter(({ temp }) => temp), wanted.filter(({ temp }) => !temp)];
  for (const { size } of stored) source.traffic.plan('in', size);
  await eachOf(stored, ({ digest, size }) => downloads.below(digest, size));
  await eachOf(gone, ({ digest }) => downloads.listings(digest));
  await downloads.unpacked();
}

/** A pack that is being downloaded and unpacked. */
interface Unpacking {
  readonly whole: Promise<void>;
  /** Listings that a caller waits for: they are unpacked first. */
  readonly asked: { readonly hex: string; readonly resolve: () => void }[];
}

class Downloads {
  readonly #source: ObjectSource;
  readonly #target: ObjectTarget;
  readonly #packOf = new Map<string, Pack>();
  readonly #packs = new Map<Pack, Unpacking>();
  readonly #visited = new Set<string>();
  readonly #pace = new Yielder();
  /** Why a pack could not be unpacked. */
  #failure: { readonly error: unknown } | undefined;

  constructor(source: ObjectSource, target: ObjectTarget) {
    this.#source = source;
    this.#target = target;
    for (const pack of source.packs) for (const [hex] of pack.holds) this.#packOf.set(hex, pack);
  }

  async below(digest: Digest, size: number): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#pace.due()) await this.#pace.rest();
    const hex = nameOf(digest);
    const isListing = kindOf(digest) === 'directory';
    const isKnown = this.#visited.has(hex);
    this.#visited.add(hex);
    const isThere = !isKnown && (await this.#need(hex, isListing ? undefined : size));
    if (isKnown || (isThere && !isListing)) this.#source.traffic.plan('in', -size);
    if (isKnown || !isListing) return;
    const entries = parseTree(this.#target.objects.read(hex));
    if (entries === undefined) throw new BadObject(`cas/${hex}`, 'is not a directory listing');
    await eachOf(entries, (entry) => this.below(entry.digest, entry.size));
  }

  /** Of a temporary out. Without them, an item that reads a part of it makes it again. */
  async listings(digest: Digest): Promise<void> {
    if (kindOf(digest) !== 'directory') return;
    const hex = nameOf(digest);
    try {
      await this.#need(hex, undefined);
    } catch (error) {
      if (error instanceof BadObject) return;
      throw error;
    }
    const entries = parseTree(this.#target.objects.read(hex)) ?? [];
    await eachOf(entries, (entry) => this.listings(entry.digest));
  }

  /**
   * Downloads an object, or starts to download the pack of a file. `size`: undefined for a listing.
   * True if the object existed already. An object that a gc has just moved away is downloaded
   * again.
   */
  async #need(hex: string, size: number | undefined): Promise<boolean> {
    const { objects, mode } = this.#target;
    const pack = this.#packOf.get(hex);
    const unpacking = pack && this.#packs.get(pack);
    if (unpacking === undefined && objects.stat(hex) !== undefined) return true;
    const name = `cas/${hex}`;
    if (pack !== undefined) await this.#fromPack(unpacking ?? this.#begin(pack), hex, size);
    else if (size !== undefined && size > IN_MEMORY) await this.#download(name, hex, size);
    else {
      const bytes = await this.#bytes(name, size ?? LISTING_LIMIT);
      if (hash('sha256', bytes) !== hex) throw new BadObject(name, 'is damaged');
      objects.put(bytes, hex, mode);
    }
    return false;
  }

  #begin(pack: Pack): Unpacking {
    const asked: Unpacking['asked'] = [];
    const whole = this.#source.packing(() => this.#unpack(pack, asked));
    whole.catch((error: unknown) => {
      this.#failure ??= { error };
    });
    const unpacking = { asked, whole };
    this.#packs.set(pack, unpacking);
    return unpacking;
  }

  /** Waits for a listing, which may be ready long before the whole pack. */
  async #fromPack(
    { asked, whole }: Unpacking,
    hex: string,
    size: number | undefined,
  ): Promise<void> {
    if (size !== undefined) return;
    await Promise.race([whole, new Promise<void>((resolve) => asked.push({ hex, resolve }))]);
  }

  /**
   * Unpacks all objects of a pack: the caller needs one of them, and the others belong to the same
   * outs. Each object is hashed, so the pack as a whole need not be. A requested listing comes
   * first, because the requests for the large objects in it can then run while the rest is
   * unpacked.
   */
  async #unpack({ hex, size, holds }: Pack, asked: Unpacking['asked']): Promise<void> {
    const name = `cas/${hex}`;
    const { objects, mode } = this.#target;
    const bytes = await this.#bytes(name, size);
    const parts = new Map(holds.map((part) => [part[0], part]));
    const inOrder = parts.keys();
    const pace = new Yielder();
    for (;;) {
      if (pace.due()) await pace.rest();
      const first = asked.shift();
      const next = first?.hex ?? inOrder.next().value;
      if (next === undefined) return;
      const held = parts.get(next);
      if (held !== undefined) {
        const [, start, length] = held;
        const part = bytes.subarray(start, start + length);
        if (hash('sha256', part) !== next) throw new BadObject(name, 'is damaged');
        objects.put(part, next, mode);
        parts.delete(next);
      }
      if (first === undefined) continue;
      first.resolve();
      // Lets the caller continue first, because it may request another object.
      await undefined;
    }
  }

  /** Resolves when all packs are unpacked. */
  async unpacked(): Promise<void> {
    for (const { whole } of this.#packs.values()) await whole;
  }

  async #bytes(name: string, limit: number): Promise<Buffer> {
    const bytes = await this.#source.store.get(name, limit);
    if (bytes === undefined) throw new BadObject(name, 'is missing');
    return bytes;
  }

  async #download(name: string, hex: string, size: number): Promise<void> {
    const file = this.#target.draft();
    try {
      const found = await this.#source.store.download(name, file, size);
      if (found === undefined) throw new BadObject(name, 'is missing');
      if (found !== hex) throw new BadObject(name, 'is damaged');
      chmodSync(file, this.#target.mode & statSync(file).mode);
      this.#target.objects.adopt(file, hex, size);
    } finally {
      rmSync(file, { force: true });
    }
  }
}
