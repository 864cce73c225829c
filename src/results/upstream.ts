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

export class Upstream {
  readonly #edges: Edges;
  readonly #byDigest = new Map<string, Made[]>();
  /** Values of results by key, and of deps by edge and digest. */
  readonly #ofResults = new Map<string, Values>();
  readonly #ofDeps = new Map<string, Values>();

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
    for (const [name, value] of this.#above(row))
      if (value !== MIXED && !Object.hasOwn(row.params, name)) found[name] = value;
    return found;
  }

  #above(row: Made): Values {
    const known = this.#ofResults.get(row.key);
    if (known !== undefined) return known;
    // A stage that copies a file may seem to have made its own dep.
    this.#ofResults.set(row.key, NONE);
    const ofDeps = Object.entries(row.deps).map(([name, digest]) =>
      digest === null ? NONE : this.#ofDep(edgeName(row.stage, name), digest),
    );
    const values = joined(ofDeps.filter(({ size }) => size > 0));
    this.#ofResults.set(row.key, values);
    return values;
  }

  #ofDep(edge: string, digest: string): Values {
    const place = `${edge}\0${digest}`;
    let values = this.#ofDeps.get(place);
    if (values === undefined) {
      const stages = this.#edges.makers.get(edge);
      values = agreed(this.#makersOf(digest, stages).map((maker) => this.#with(maker)));
      this.#ofDeps.set(place, values);
    }
    return values;
  }

  /** An earlier plan may have had other stages. */
  #makersOf(digest: string, stages: ReadonlySet<string> | undefined): readonly Made[] {
    if (stages?.size === 0) return [];
    const makers = this.#byDigest.get(digest) ?? [];
    const expected = makers.filter(({ stage }) => stages?.has(stage));
    return expected.length > 0 ? expected : makers;
  }

  #with(row: Made): Values {
    return new Map([...this.#above(row), ...Object.entries(row.params)]);
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
