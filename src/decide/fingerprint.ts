/** The current fingerprint of an item: its manifest, from the plan, its code and the disk. */
import type { Scan } from '../cache/cache.js';
import type { Cooperative } from '../cache/files/yielding.js';
import type { Digest } from '../cache/objects/digest.js';
import { canonical, sha256 } from '../canonical.js';
import { sorted } from '../code/found-scripts.js';
import { keysAt } from '../json.js';
import { epochChoice, type Manifest, type ModuleCode } from '../manifest.js';
import type { Owner } from '../pipeline/out-tree.js';
import type { Dep, Item, Plan } from '../pipeline/plan.js';
import type { Json } from '../stage/context.js';
import type { Code } from './code.js';
import { matchesIn, wholeOf } from './dep-files.js';
import type { FileView } from './file-view.js';
import { outsBehind } from './made-links.js';
import { contentAt } from './parts.js';

/** The manifest, or the missing deps. */
type Inputs =
  | { readonly kind: 'known'; readonly manifest: Manifest }
  | { readonly kind: 'missing'; readonly deps: readonly Dep[] };

export interface DecisionContext extends FileView {
  readonly plan: Plan;
  /** Values of the variables that `env:` names. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A dep's digest if known without reading the disk; undefined: read it. */
  readonly given?: (dep: Dep) => Digest | null | undefined;
}

/** Reads every dep through the stat index. */
export function* inputsOf(item: Item, code: Code, context: DecisionContext): Cooperative<Inputs> {
  const deps: Record<string, Digest | null> = {};
  const missing: Dep[] = [];
  for (const dep of item.deps) {
    const given = context.given?.(dep);
    const digest = given === undefined ? (yield* readBy(item, dep, context)).digest : given;
    if (digest === undefined) missing.push(dep);
    else deps[dep.name] = digest;
  }
  if (missing.length > 0) return { kind: 'missing', deps: missing };
  return { kind: 'known', manifest: manifestOf(item, code, deps, context.env) };
}

function manifestOf(
  item: Item,
  code: Code,
  deps: Manifest['deps'],
  env: Readonly<Record<string, string | undefined>>,
): Manifest {
  const values: Record<string, string | null> = {};
  for (const name of item.env) values[name] = env[name] ?? null;
  // In canonical order, which makes the canonical text cheap.
  return {
    code: codeOf(item, code),
    deps,
    env: values,
    ...(item.epochs === undefined ? {} : { epochs: epochChoice(item.epochs) }),
    format: 1,
    outs: item.outs.map((out) => out.name).sort(),
    params: item.params,
  };
}

function codeOf(item: Item, code: Code): Manifest['code'] {
  if (code.kind === 'module')
    return { ...code.module, item: item.id, matrix: item.matrix } satisfies ModuleCode;
  const { action } = item;
  if (action.kind === 'module') throw new Error(`${item.id} has no command`);
  return {
    command: action.kind === 'argv' ? action.argv : action.command,
    item: item.id,
    kind: 'command',
    matrix: item.matrix,
    ...(Object.keys(code.packages).length === 0 ? {} : { packages: code.packages }),
    scripts: code.ownParams ? sorted({ ...code.scripts, ...code.ownParams }) : code.scripts,
    ...(action.kind === 'argv' ? {} : { shell: action.shell ?? 'sh' }),
  };
}

export interface Read {
  /** Null for an absent optional dep; undefined for a missing one. */
  readonly digest: Digest | null | undefined;
  /** Outs that are read through links which other items made. */
  readonly behind: readonly Owner[];
  /** The matches of a pattern. */
  readonly matches?: Found[] | undefined;
}

/** @throws UnusableFile when a link leads to an out that the item does not need */
export function* readBy(
  item: Item,
  dep: Dep,
  context: FileView & Pick<DecisionContext, 'plan'>,
): Cooperative<Read> {
  if (!dep.glob) {
    const scan = yield* contentAt(dep, wholeOf(dep), context);
    const digest = scan === undefined && dep.optional ? null : scan?.digest;
    const links = scan?.links;
    return { digest, behind: links ? outsBehind(item, dep, links, context) : NOTHING };
  }
  const matches = yield* matchesOf(dep, context);
  const links = matches?.flatMap(([, scan]) => scan.links ?? []) ?? [];
  return { digest: digestOf(dep, matches), behind: outsBehind(item, dep, links, context), matches };
}

const NOTHING: readonly Owner[] = [];

/**
 * Null for an absent optional dep; undefined for a missing dep. A pattern is missing when it
 * matches nothing, or when a gathered out is absent.
 */
export function* contentOf(dep: Dep, context: FileView): Cooperative<Digest | null | undefined> {
  return digestOf(dep, yield* matchesOf(dep, context));
}

function digestOf(dep: Dep, matches: Found[] | undefined): Digest | null | undefined {
  const isThere = matches !== undefined && matches.length > 0;
  if (!isThere) return dep.optional && (!dep.glob || matches !== undefined) ? null : undefined;
  return dep.glob ? digestOfMatches(matches.map(digestAlone)) : matches[0]?.[1].digest;
}

/** Path, and its scan. */
type Found = readonly [string, Scan];

function digestAlone([where, { digest }]: Found): readonly [string, Digest] {
  return [where, digest];
}

export function digestOfMatches(entries: readonly (readonly [string, Digest])[]): Digest {
  return `d:${sha256(`pipe glob\n${canonical(entries)}`)}`;
}

/** The content of all paths of a dep; undefined when one is missing. */
function* matchesOf(dep: Dep, context: FileView): Cooperative<Found[] | undefined> {
  const found: Found[] = [];
  for (const part of yield* matchesIn(dep, context)) {
    const scan = yield* contentAt(dep, part, context);
    if (scan === undefined) return undefined;
    found.push([part.path, scan]);
  }
  return found;
}

/** Path and digest of each path of a dep; undefined when one is missing. */
export function* digestsOf(
  dep: Dep,
  context: FileView,
): Cooperative<(readonly [string, Digest])[] | undefined> {
  return (yield* matchesOf(dep, context))?.map(digestAlone);
}

/**
 * `params` as a stage's process receives them: a tree of the named parts only.
 *
 * @param all the params of the plan
 */
export function paramsTree(
  params: Readonly<Record<string, Json>>,
  all: Json,
): Readonly<Record<string, Json>> {
  const tree: Record<string, Json> = {};
  const places = Object.entries(params).map(
    ([path, value]) => [keysAt(all, path) ?? path.split('.'), value] as const,
  );
  // Short paths first, so that `a` exists before `a.b` is added to it.
  for (const [keys, value] of places.sort(([a], [b]) => a.length - b.length))
    place(tree, keys, value);
  return tree;
}

function place(tree: Record<string, Json>, path: readonly string[], value: Json): void {
  const [head, ...tail] = path as [string, ...string[]];
  if (tail.length === 0) {
    tree[head] = value;
    return;
  }
  const below = tree[head];
  const branch =
    typeof below === 'object' && below !== null && !Array.isArray(below) ? { ...below } : {};
  tree[head] = branch as Json;
  place(branch as Record<string, Json>, tail, value);
}
