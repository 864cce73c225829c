/** Where outs are, by name and by place. Pure. */

/** Places and names of outs. */
export class OutPlaces {
  readonly #names = new Set<string>();
  /** Places that differ from the names. */
  readonly #elsewhere = new Set<string>();

  add(name: string, place: string): void {
    this.#names.add(name);
    if (place !== name) this.#elsewhere.add(place);
  }

  /** True for the name of an out, or a name inside an out. */
  isNamed(name: string): boolean {
    return isIn(name, this.#names);
  }

  isIn(place: string): boolean {
    return isIn(place, this.#names) || isIn(place, this.#elsewhere);
  }

  /** The aliases that lead into an out, or to a folder with outs. */
  concerned(aliases: ReadonlyMap<string, string>): [string, string][] {
    if (aliases.size === 0) return [];
    const holders = new Set(['']);
    for (const set of [this.#names, this.#elsewhere])
      for (const place of set)
        for (let at = above(place); !holders.has(at); at = above(at)) holders.add(at);
    return [...aliases].filter(([, place]) => holders.has(place) || this.isIn(place));
  }
}

function isIn(where: string, set: ReadonlySet<string>): boolean {
  if (set.size === 0) return false;
  for (let at = where; at !== ''; at = above(at)) if (set.has(at)) return true;
  return false;
}

export function above(where: string): string {
  return where.slice(0, Math.max(0, where.lastIndexOf('/')));
}

export function lastName(where: string): string {
  return where.slice(where.lastIndexOf('/') + 1);
}
