/** What an item depends on today: its manifest, made from the plan, its code and what lies on disk. */
import type { Cache, Scan, ScanOptions } from '../cache/cache.js';
import type { Digest } from '../cache/objects/digest.js';
import { canonical, sha256 } from '../canonical.js';
import { epochChoice, type Manifest, type ModuleCode } from '../manifest.js';
import type { Dep, Item } from '../pipeline/plan.js';
import type { Json } from '../stage/context.js';
import type { Code } from './code.js';
import { matchedPaths, type StoredListing } from './glob.js';

/** The manifest, or the deps that are not there. */
export type Inputs =
  | { readonly kind: 'known'; readonly manifest: Manifest }
  | { readonly kind: 'missing'; readonly deps: readonly Dep[] };

export interface Surroundings {
  readonly root: string;
  readonly cache: Cache;
  /** Values of the variables that `env:` names. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What lies at a path; by default what the cache sees on disk. */
  readonly look?: (path: string, options?: ScanOptions) => Scan | undefined;
  /** What a folder will hold that is still to be put back; undefined: what it holds on disk. */
  readonly stored?: StoredListing;
  /** What a dep is known to be without looking; undefined: look. */
  readonly given?: (dep: Dep) => Digest | null | undefined;
}

/** The digest of what lies at a path, through the eyes of these surroundings. */
export function digestAt(
  path: string,
  around: Surroundings,
  options?: ScanOptions,
): Digest | undefined {
  const scan =
    around.look === undefined ? around.cache.scanSync(path, options) : around.look(path, options);
  return scan?.digest;
}

/** Reads every dep through the stat index. */
export function inputsOf(item: Item, code: Code, around: Surroundings): Inputs {
  const deps: Record<string, Digest | null> = {};
  const missing: Dep[] = [];
  for (const dep of item.deps) {
    const given = around.given?.(dep);
    const digest = given === undefined ? seenDigest(dep, around) : given;
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
 * it is one; what the user gives counts by what is behind a link.
 */
function seenDigest(dep: Dep, around: Surroundings): Digest | null | undefined {
  if (dep.glob) return digestOfGlob(dep, matchesOf(dep, around));
  return digestAt(dep.path, around, { follow: !dep.made }) ?? (dep.optional ? null : undefined);
}

/** A pattern is missing when it matches nothing, or when a gathered out is not there. */
export function digestOfGlob(
  dep: Dep,
  entries: readonly (readonly [string, Digest])[] | undefined,
): Digest | null | undefined {
  if (entries === undefined) return undefined;
  if (entries.length > 0) return digestOfMatches(entries);
  return dep.optional ? null : undefined;
}

export function digestOfMatches(entries: readonly (readonly [string, Digest])[]): Digest {
  return `d:${sha256(`pipe glob\n${canonical(entries)}`)}`;
}

/** Path and digest of all that a pattern dep matches; undefined when a gathered out is not there. */
export function matchesOf(dep: Dep, around: Surroundings): [string, Digest][] | undefined {
  const entries: [string, Digest][] = [];
  for (const path of matchedPaths(around.root, dep, around.cache.looks, around.stored)) {
    const digest = digestAt(path, around, { follow: !dep.made });
    if (digest === undefined) return undefined;
    entries.push([path, digest]);
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
