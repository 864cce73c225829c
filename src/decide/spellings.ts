/**
 * Names that differ only in case or in how accents are composed. Some file systems treat them as
 * one name.
 */
import path from 'node:path';
import type { ReadSet } from '../noop/read-set.js';
import { foldName } from '../pipeline/aliases.js';
import type { Plan } from '../pipeline/plan.js';
import type { isOneName } from '../sys/one-name.js';

/** Names without such letters have only one spelling. */
const UNUSUAL = /[^\0-@[-\x7f]/;

/** The folded names in the plan's paths that can have several spellings: usually none. */
export function foldedNames({ items }: Plan): ReadonlySet<string> {
  const folded = new Set<string>();
  const add = (where: string) => {
    if (!UNUSUAL.test(where)) return;
    for (const name of where.split('/')) if (UNUSUAL.test(name)) folded.add(foldName(name));
  };
  for (const { deps, outs } of items) {
    for (const each of deps) add(each.path);
    for (const each of outs) add(each.path);
  }
  return folded;
}

/** The first requested spelling of each place. */
export class Spellings {
  readonly #folded: ReadonlySet<string>;
  readonly #readSet: ReadSet;
  readonly #isOne: typeof isOneName;
  /** By folded path: the places that the file system distinguishes. */
  readonly #places = new Map<string, string[]>();

  constructor(folded: ReadonlySet<string>, readSet: ReadSet, isOne: typeof isOneName) {
    this.#folded = folded;
    this.#readSet = readSet;
    this.#isOne = isOne;
  }

  /** True when no name of the plan can have another spelling. */
  get areOne(): boolean {
    return this.#folded.size === 0;
  }

  mayHaveOther(name: string): boolean {
    return this.#folded.size > 0 && this.#folded.has(foldName(name));
  }

  /** @param place relative to `root`, or absolute */
  first(root: string, place: string): string {
    const end = place.lastIndexOf('/') + 1;
    if (!this.mayHaveOther(place.slice(end))) return place;
    const key = place.slice(0, end) + foldName(place.slice(end));
    const places = this.#places.get(key) ?? [];
    // No stat shows how the file system compares names.
    if (places.length > 0 && !places.includes(place)) this.#readSet.markIncomplete();
    const known = places.find(
      (each) => each === place || this.#isOne(path.resolve(root, each), path.resolve(root, place)),
    );
    if (known !== undefined) return known;
    this.#places.set(key, [...places, place]);
    return place;
  }
}
