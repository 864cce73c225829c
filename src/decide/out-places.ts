/** Where outs are, by name and by place. Pure. */
import { parentOf } from '../sys/is-within.js';

export class OutPlaces {
  readonly #names = new Set<string>();
  /** Places that differ from the names. */
  readonly #elsewhere = new Set<string>();
  /** Length of the longest of them. */
  #longest = 0;

  add(name: string, place: string): void {
    this.#names.add(name);
    if (place !== name) this.#elsewhere.add(place);
    this.#longest = Math.max(this.#longest, name.length, place.length);
  }

  /** True for the name of an out, or a name inside an out. */
  isNamed(name: string): boolean {
    return this.#holds(this.#names, name);
  }

  isIn(place: string): boolean {
    return this.#holds(this.#names, place) || this.#holds(this.#elsewhere, place);
  }

  /** Skips the folders above that are deeper than any out, since deep folders have many. */
  #holds(set: ReadonlySet<string>, where: string): boolean {
    if (set.size === 0) return false;
    const isLonger = where.length > this.#longest;
    let at = isLonger ? parentOf(where.slice(0, this.#longest + 1)) : where;
    for (; at !== ''; at = parentOf(at)) if (set.has(at)) return true;
    return false;
  }

  /** The aliases that lead into an out, or to a folder with outs. */
  concerned(aliases: ReadonlyMap<string, string>): [string, string][] {
    if (aliases.size === 0) return [];
    const holders = new Set(['']);
    for (const set of [this.#names, this.#elsewhere])
      for (const place of set)
        for (let at = parentOf(place); !holders.has(at); at = parentOf(at)) holders.add(at);
    return [...aliases].filter(([, place]) => holders.has(place) || this.isIn(place));
  }
}
