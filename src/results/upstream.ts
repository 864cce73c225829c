/**
 * Params of the stages upstream of a result. Its manifest has only the digests of its deps, and the
 * index knows which results made those digests. Pure.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Digest } from '../cache/objects/digest.js';
import { canonical } from '../canonical.js';
import { digestOfMatches } from '../decide/fingerprint.js';
import { addTo, firstIndex, getOrMake } from '../lists.js';
import type { Json } from '../stage/context.js';
import { type DepEdges, edgeName, type Gathered } from './dep-edges.js';
import type { ResultRow } from './row.js';

interface Made extends Pick<ResultRow, 'item' | 'stage' | 'when' | 'params' | 'deps'> {
  /** Digests of its outs and of their parts by name; absent if gc removed it before the index had them. */
  readonly made?: Readonly<Record<string, string>>;
}

/** Two deps were made with different values. */
const MIXED = Symbol('mixed');
type Values = ReadonlyMap<string, Json | typeof MIXED>;
const NONE: Values = new Map();
const NO_PARAMS = Object.freeze({});

/** Limits the time with many results: older results of a pattern are not searched. */
const MOST_ENTRIES = 100_000;

export class Upstream {
  readonly #edges: DepEdges;
  readonly #byDigest = new Map<string, Made[]>();
  readonly #ofResults = new Map<Made, Values>();
  readonly #ofMakers = new Map<Made, Values>();
  /** By edge, then by digest: of deps that several results made. */
  readonly #ofDeps = new Map<string, Map<string, Values>>();
  readonly #byItem = new Map<string, Made[]>();
  /** By edge, then by digest: of patterns. */
  readonly #ofPatterns = new Map<string, ReadonlyMap<string, readonly Values[]>>();

  /** `rows`: oldest first. */
  constructor(rows: readonly Made[], edges: DepEdges) {
    this.#edges = edges;
    const read = new Set<string | null>();
    for (const { deps } of rows) for (const name in deps) read.add(deps[name] as string | null);
    const gathered = new Set([...edges.gathered.values()].flat().map(({ item }) => item));
    for (const row of rows) {
      if (gathered.has(row.item)) addTo(this.#byItem, row.item, row);
      for (const name in row.made) {
        const digest = row.made[name] as string;
        if (read.has(digest)) addTo(this.#byDigest, digest, row);
      }
    }
  }

  /**
   * By dot path. Omits params of the result's own stage, and params whose value is not known: no
   * result made the dep, several with different values did, or two deps have different values.
   */
  of(row: Made): Readonly<Record<string, Json>> {
    const above = this.#above(row);
    if (above.size === 0) return NO_PARAMS;
    const found: Record<string, Json> = {};
    for (const [name, value] of above)
      if (value !== MIXED && !Object.hasOwn(row.params, name)) found[name] = value;
    return found;
  }

  /** Of the stages upstream of a result. */
  #above(row: Made): Values {
    const known = this.#ofResults.get(row);
    if (known !== undefined) return known;
    const ofDeps: Values[] = [];
    for (const name in row.deps) {
      // A stage that copies a file may seem to have made its own dep.
      this.#ofResults.set(row, NONE);
      const digest = row.deps[name] ?? null;
      const values = digest === null ? NONE : this.#ofDep(row, name, digest);
      if (values.size > 0) ofDeps.push(values);
    }
    if (ofDeps.length === 0) return NONE;
    const above = joined(ofDeps);
    this.#ofResults.set(row, above);
    return above;
  }

  /** With those of its own stage. */
  #all(row: Made): Values {
    return getOrMake(this.#ofMakers, row, () => {
      const own = Object.entries(row.params);
      return own.length === 0 ? this.#above(row) : new Map([...this.#above(row), ...own]);
    });
  }

  #ofDep({ item, stage }: Made, name: string, digest: string): Values {
    const makers = this.#byDigest.get(digest);
    if (makers !== undefined) return this.#ofWhole(edgeName(stage, name), digest, makers);
    const edge = edgeName(item, name);
    const outs = this.#edges.gathered.get(edge);
    if (outs === undefined) return NONE;
    const matches = getOrMake(this.#ofPatterns, edge, () => this.#matchesOf(outs));
    return agreed(matches.get(digest) ?? []);
  }

  #ofWhole(edge: string, digest: string, makers: readonly Made[]): Values {
    const stages = this.#edges.makers.get(edge);
    if (stages?.size === 0) return NONE;
    const [first, second] = makers;
    if (first !== undefined && second === undefined) return this.#all(first);
    const ofEdge = getOrMake(this.#ofDeps, edge, () => new Map<string, Values>());
    return getOrMake(ofEdge, digest, () => {
      const expected = makers.filter(({ stage }) => stages?.has(stage));
      // An earlier plan may have had other stages.
      const possible = expected.length > 0 ? expected : makers;
      return agreed(possible.map((maker) => this.#all(maker)));
    });
  }

  /**
   * The digest of a pattern covers all matches. So it is computed for each set of params that the
   * items share, from a result of each item: the nearest in time, if several have these params.
   */
  #matchesOf(outs: readonly Gathered[]): ReadonlyMap<string, readonly Values[]> {
    const results = outs.map(({ item }) => this.#byItem.get(item) ?? []);
    const names = sharedNames(
      results.map((rows) => rows.slice(-1).flatMap((row) => [...this.#all(row).keys()])),
    );
    const byParams = results.map((rows) => {
      const found = new Map<string, Made[]>();
      for (const row of rows) addTo(found, this.#textOf(row, names), row);
      return found;
    });
    const found = new Map<string, Values[]>();
    const longest = results.reduce((most, rows) => (rows.length > most.length ? rows : most), []);
    for (const row of longest.slice(-Math.ceil(MOST_ENTRIES / outs.length))) {
      const params = this.#textOf(row, names);
      const chosen = byParams.flatMap((rows) => nearest(rows.get(params) ?? [], row.when) ?? []);
      const entries = chosen.flatMap(({ made }, at) => {
        const { path, out } = outs[at] as Gathered;
        const digest = made?.[out];
        return digest === undefined ? [] : [[path, digest as Digest] as const];
      });
      if (entries.length === outs.length)
        addTo(found, digestOfMatches(entries), joined(chosen.map((each) => this.#all(each))));
    }
    return found;
  }

  /** Equal for results with equal values of these params. */
  #textOf(row: Made, names: readonly string[]): string {
    const all = this.#all(row);
    return canonical(
      names.map((name) => {
        const value = all.get(name);
        return value === undefined || value === MIXED ? [] : [value];
      }),
    );
  }
}

function sharedNames([first = [], ...others]: readonly (readonly string[])[]): string[] {
  const sets = others.map((names) => new Set(names));
  return first.filter((name) => sets.every((names) => names.has(name)));
}

/** `rows`: oldest first. */
function nearest(rows: readonly Made[], when: number): Made | undefined {
  const at = firstIndex(rows.length, (index) => (rows[index] as Made).when < when);
  const [before, after] = [rows[at - 1], rows[at]];
  if (before === undefined || after === undefined) return before ?? after;
  return when - before.when < after.when - when ? before : after;
}

/** Of all deps of a result. */
function joined(all: readonly Values[]): Values {
  if (all.length < 2) return all[0] ?? NONE;
  const found = new Map<string, Json | typeof MIXED>();
  for (const values of all)
    for (const [name, value] of values)
      found.set(
        name,
        !found.has(name) || isDeepStrictEqual(found.get(name), value) ? value : MIXED,
      );
  return found;
}

/** The values that all results of a dep share. The stage read one of these results. */
function agreed([first = NONE, ...others]: readonly Values[]): Values {
  if (others.length === 0) return first;
  const isShared = ([name, value]: [string, Json | symbol]) =>
    others.every((values) => values.has(name) && isDeepStrictEqual(values.get(name), value));
  return new Map([...first].filter(isShared));
}
