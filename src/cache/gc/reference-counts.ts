/** Reference counts of objects: removing one reference reports the objects that nothing else needs. */
import { UserError } from '../../error.js';
import type { Cooperative } from '../files/yielding.js';
import { type Digest, kindOf, nameOf } from '../objects/digest.js';
import type { Objects } from '../objects/objects.js';
import type { ObjectStore, StoredObject } from './inventory.js';

interface Node {
  /** Number of records and listings that refer to it; a listing counts once. */
  count: number;
  /** For a listing. */
  readonly entries: readonly Digest[];
}

/** Reads every listing once, however many results share it. */
export class References {
  readonly #objects: Objects;
  readonly #stored: ReadonlyMap<string, StoredObject>;
  readonly #nodes = new Map<Digest, Node>();

  constructor({ objects, stored }: ObjectStore) {
    this.#objects = objects;
    this.#stored = stored;
  }

  /** Adds a reference to a digest from outside. */
  *add(digest: Digest): Cooperative<void> {
    let node = this.#nodes.get(digest);
    if (node === undefined) {
      yield undefined;
      node = { count: 0, entries: this.#entriesOf(digest) };
      this.#nodes.set(digest, node);
      for (const entry of node.entries) yield* this.add(entry);
    }
    node.count++;
  }

  /** Removes a reference. Returns the names of the objects without references. */
  remove(digest: Digest): string[] {
    const node = this.#nodes.get(digest);
    if (node === undefined || --node.count > 0) return [];
    this.#nodes.delete(digest);
    const freed = node.entries.flatMap((entry) => this.remove(entry));
    const hex = nameOf(digest);
    return this.has(hex) ? freed : [hex, ...freed];
  }

  /** True if anything refers to the object. One object may serve as several kinds of file. */
  has(hex: string): boolean {
    return KINDS.some((kind) => this.#nodes.has(`${kind}:${hex}`));
  }

  /** Bytes allocated for all referenced objects. */
  bytes(): number {
    const names = new Set<string>();
    for (const digest of this.#nodes.keys()) names.add(nameOf(digest));
    let bytes = 0;
    for (const name of names) bytes += this.#stored.get(name)?.room ?? 0;
    return bytes;
  }

  #entriesOf(digest: Digest): Digest[] {
    const hex = nameOf(digest);
    if (kindOf(digest) !== 'directory' || !this.#stored.has(hex)) return [];
    if (!this.#objects.isReadable(hex)) throw notOurs(this.#objects.pathOf(hex));
    // `verify` reports damage; gc only has to treat the entries as unknown.
    return [...new Set(this.#objects.treeIfThere(hex).map((entry) => entry.digest))];
  }
}

/** Otherwise gc would treat what this listing refers to as garbage. */
function notOurs(file: string): UserError {
  return new UserError({
    code: 'cache-private',
    message: `${file} belongs to another user and is not readable: gc stops, since it cannot know what the file refers to`,
    hint: 'have that user run `pipe cache gc`, or run it as an administrator',
  });
}

const KINDS = ['f', 'x', 'd', 'l'] as const;
