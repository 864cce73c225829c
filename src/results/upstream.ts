/**
 * Params of the stages upstream of a result. Its manifest has only the digests of its deps, and the
 * index knows which results made those digests. Pure.
 */
import { canonical } from '../canonical.js';
import type { Item, Plan } from '../pipeline/plan.js';
import type { Json } from '../stage/context.js';

/** A file or folder inside an out that an item reads as a dep. */
export interface Part {
  /** Name of the out. */
  readonly out: string;
  /** Path inside the out. */
  readonly within: string;
}

/** How the outs of today's plan become deps. */
export interface Edges {
  /** For each item, the parts of its outs that are deps. A dep that is a whole out is not listed. */
  readonly parts: ReadonlyMap<Item, readonly Part[]>;
  /** For each stage and dep, the stages that make the dep. No entry: not known. */
  readonly makers: ReadonlyMap<string, ReadonlySet<string>>;
}

export function edgesOf({ items }: Plan): Edges {
  const owners = new Map(
    items.flatMap((item) => item.outs.map(({ name, path }) => [path, { item, name, path }])),
  );
  const parts = new Map<Item, Map<string, Part>>();
  const makers = new Map<string, Set<string>>();
  for (const { stage, deps } of items)
    for (const { name, path, made } of deps) {
      const owner = ownerOf(path, owners);
      if (made && owner === undefined) continue;
      const edge = edgeName(stage, name);
      const stages = makers.get(edge) ?? new Set();
      makers.set(edge, stages);
      if (owner === undefined) continue;
      stages.add(owner.item.stage);
      const within = path.slice(owner.path.length + 1);
      const known = parts.get(owner.item) ?? new Map<string, Part>();
      if (within !== '') parts.set(owner.item, known.set(path, { out: owner.name, within }));
    }
  return { parts: new Map([...parts].map(([item, own]) => [item, [...own.values()]])), makers };
}

/** Of the path itself, or of a folder above it. */
function ownerOf<Owner>(path: string, owners: ReadonlyMap<string, Owner>): Owner | undefined {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const owner = owners.get(path.slice(0, end));
    if (owner !== undefined) return owner;
  }
  return undefined;
}

function edgeName(stage: string, dep: string): string {
  return `${stage}\0${dep}`;
}

interface Made {
  readonly key: string;
  readonly stage: string;
  readonly params: Readonly<Record<string, Json>>;
  readonly deps: Readonly<Record<string, string | null>>;
  /** Digests of its outs and of their parts; absent if gc removed them before the index had them. */
  readonly made?: readonly string[];
}

/** Two deps were made with different values. */
const MIXED = Symbol('mixed');
type Values = ReadonlyMap<string, Json | typeof MIXED>;
const NONE: Values = new Map();

/** Of the stages upstream of a result, and with those of its own stage. */
interface Known {
  readonly above: Values;
  readonly all: Values;
}
const NOTHING: Known = { above: NONE, all: NONE };

export class Upstream {
  readonly #edges: Edges;
  readonly #byDigest = new Map<string, Made[]>();
  readonly #ofResults = new Map<Made, Known>();
  /** By edge, then by digest: of deps that several results made. */
  readonly #ofDeps = new Map<string, Map<string, Values>>();

  constructor(rows: readonly Made[], edges: Edges) {
    this.#edges = edges;
    for (const row of rows)
      for (const digest of row.made ?? []) {
        const makers = this.#byDigest.get(digest);
        if (makers === undefined) this.#byDigest.set(digest, [row]);
        else makers.push(row);
      }
  }

  /**
   * By dot path. Omits params of the result's own stage, and params whose value is not known: no
   * result made the dep, several with different values did, or two deps have different values.
   */
  of(row: Made): Readonly<Record<string, Json>> {
    const found: Record<string, Json> = {};
    for (const [name, value] of this.#known(row).above)
      if (value !== MIXED && !Object.hasOwn(row.params, name)) found[name] = value;
    return found;
  }

  #known(row: Made): Known {
    const known = this.#ofResults.get(row);
    if (known !== undefined) return known;
    // A stage that copies a file may seem to have made its own dep.
    this.#ofResults.set(row, NOTHING);
    const ofDeps: Values[] = [];
    for (const [name, digest] of Object.entries(row.deps)) {
      const makers = digest === null ? undefined : this.#byDigest.get(digest);
      if (makers === undefined || digest === null) continue;
      const values = this.#ofDep(edgeName(row.stage, name), digest, makers);
      if (values.size > 0) ofDeps.push(values);
    }
    const above = joined(ofDeps);
    const own = Object.entries(row.params);
    const found = { above, all: own.length === 0 ? above : new Map([...above, ...own]) };
    this.#ofResults.set(row, found);
    return found;
  }

  /** `makers`: the results that made the digest. */
  #ofDep(edge: string, digest: string, makers: readonly Made[]): Values {
    const stages = this.#edges.makers.get(edge);
    if (stages?.size === 0) return NONE;
    const [first, second] = makers;
    if (first !== undefined && second === undefined) return this.#known(first).all;
    const ofEdge = this.#ofDeps.get(edge) ?? new Map<string, Values>();
    this.#ofDeps.set(edge, ofEdge);
    let values = ofEdge.get(digest);
    if (values === undefined) {
      const expected = makers.filter(({ stage }) => stages?.has(stage));
      // An earlier plan may have had other stages.
      const possible = expected.length > 0 ? expected : makers;
      values = agreed(possible.map((maker) => this.#known(maker).all));
      ofEdge.set(digest, values);
    }
    return values;
  }
}

/** Of all deps of a result. */
function joined(all: readonly Values[]): Values {
  if (all.length < 2) return all[0] ?? NONE;
  const found = new Map<string, Json | typeof MIXED>();
  for (const values of all)
    for (const [name, value] of values)
      found.set(name, !found.has(name) || isSame(found.get(name), value) ? value : MIXED);
  return found;
}

/** Of all results that made a dep, one of which the stage read. */
function agreed([first = NONE, ...others]: readonly Values[]): Values {
  if (others.length === 0) return first;
  const isShared = ([name, value]: [string, Json | symbol]) =>
    others.every((values) => values.has(name) && isSame(values.get(name), value));
  return new Map([...first].filter(isShared));
}

function isSame(a: Json | symbol | undefined, b: Json | symbol | undefined): boolean {
  if (a === b) return true;
  const isNested = (value: typeof a) => typeof value === 'object' && value !== null;
  return isNested(a) && isNested(b) && canonical(a) === canonical(b);
}
