/** What an item depends on today: its manifest, made from the plan, its code and what lies on disk. */
import type { ScanOptions } from '../cache/cache.js';
import type { Digest } from '../cache/objects/digest.js';
import { canonical, sha256 } from '../canonical.js';
import { epochChoice, type Manifest, type ModuleCode } from '../manifest.js';
import type { Dep, Item } from '../pipeline/plan.js';
import type { Json } from '../stage/context.js';
import type { Code } from './code.js';
import { matchesIn } from './glob.js';
import { contentAt, type Eyes, scanAt } from './parts.js';

/** The manifest, or the deps that are not there. */
export type Inputs =
  | { readonly kind: 'known'; readonly manifest: Manifest }
  | { readonly kind: 'missing'; readonly deps: readonly Dep[] };

export interface Surroundings extends Eyes {
  /** Values of the variables that `env:` names. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a dep is known to be without looking; undefined: look. */
  readonly given?: (dep: Dep) => Digest | null | undefined;
}

/** The digest of what lies at a path, through the eyes of these surroundings. */
export function digestAt(
  path: string,
  around: Surroundings,
  options?: ScanOptions,
): Digest | undefined {
  return scanAt(path, around, options)?.digest;
}

/** Reads every dep through the stat index. */
export function inputsOf(item: Item, code: Code, around: Surroundings): Inputs {
  const deps: Record<string, Digest | null> = {};
  const missing: Dep[] = [];
  for (const dep of item.deps) {
    const given = around.given?.(dep);
    const digest = given === undefined ? contentOf(dep, around) : given;
    if (digest === undefined) missing.push(dep);
    else deps[dep.name] = digest;
  }
  if (missing.length > 0) return { kind: 'missing', deps: missing };
  return { kind: 'known', manifest: manifestOf(item, code, deps, around.env) };
}

function manifestOf(
  item: Item,
  code: Code,
  deps: Manifest['deps'],
  env: Readonly<Record<string, string | undefined>>,
): Manifest {
  const values: Record<string, string | null> = {};
  for (const name of item.env) values[name] = env[name] ?? null;
  // In the order of the canonical text, which is then quickly made.
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
    kind: 'command',
    ...(Object.keys(code.packages).length === 0 ? {} : { packages: code.packages }),
    scripts: code.scripts,
    ...(action.kind === 'argv' ? {} : { shell: action.shell ?? 'sh' }),
  };
}

/**
 * Null for what is absent and may be; undefined for what is missing. What an item makes is a link where
 * it is one; what the user gives counts by what is behind a link. A pattern is missing when it matches
 * nothing, or when a gathered out is not there.
 */
export function contentOf(dep: Dep, around: Eyes): Digest | null | undefined {
  return digestOf(dep, matchesOf(dep, around));
}

/** The same of what is known to match. */
export function digestOf(dep: Dep, entries: DepEntries): Digest | null | undefined {
  const isThere = entries !== undefined && entries.length > 0;
  if (!isThere) return dep.optional && (!dep.glob || entries !== undefined) ? null : undefined;
  return dep.glob ? digestOfMatches(entries) : entries[0]?.[1];
}

export function digestOfMatches(entries: readonly (readonly [string, Digest])[]): Digest {
  return `d:${sha256(`pipe glob\n${canonical(entries)}`)}`;
}

/** Path and digest of all that a dep stands for; undefined when some of it is not there. */
export type DepEntries = readonly (readonly [path: string, digest: Digest])[] | undefined;

export function matchesOf(dep: Dep, around: Eyes): DepEntries {
  const entries: [string, Digest][] = [];
  for (const part of matchesIn(dep, around)) {
    const digest = contentAt(dep, part, around)?.digest;
    if (digest === undefined) return undefined;
    entries.push([part.path, digest]);
  }
  return entries;
}

/** `params` as a stage's process gets it: a tree of just the named parts. */
export function paramsTree(params: Readonly<Record<string, Json>>): Json {
  const tree: Record<string, Json> = {};
  // Short paths first, so that `a` is there before `a.b` is laid into it.
  for (const path of Object.keys(params).sort(
    (a, b) => a.split('.').length - b.split('.').length,
  )) {
    place(tree, path.split('.'), params[path] as Json);
  }
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
