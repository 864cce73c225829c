/** The params tree: from files, profiles and `--set`, each value with its origin. */
import { keysAt, leavesOf } from '../json.js';
import type { Json } from '../stage/context.js';
import type { AstNode } from './document/ast.js';
import type { Diagnostics, Mistake } from './document/diagnostics.js';
import { lineOf, type Source } from './document/source-text.js';
import { listed, nearest, suggest } from './document/suggest.js';
import { describeValue } from './document/value-errors.js';
import { parseValue } from './document/yaml.js';
import type { AddedParam } from './plan.js';
import { PIPELINE_FILE } from './root.js';

export type Origin =
  | { readonly kind: 'file'; readonly file: string; readonly line: number }
  | {
      readonly kind: 'profile';
      readonly name: string;
      readonly file: string;
      readonly line: number;
    }
  | { readonly kind: 'set'; readonly text: string };

/** A node of the tree. */
export interface Param {
  readonly value: Json;
  /** The value as written, if that text differs. */
  readonly text?: string;
  readonly origin: Origin;
  /** Elements of a list. */
  readonly items?: readonly Param[];
  /** Members of a map. */
  readonly parts?: ReadonlyMap<string, Param>;
}

/** Makes the origin for a place in pipeline.yaml, or in a profile. */
type OriginOf = (node: AstNode) => Origin;

export function fileOrigin(source: Source, profile?: string): OriginOf {
  return ({ span }) => {
    const place = { file: source.file, line: lineOf(source, span.start) };
    return profile === undefined
      ? { kind: 'file', ...place }
      : { kind: 'profile', name: profile, ...place };
  };
}

export function paramOf(node: AstNode, originOf: OriginOf): Param {
  const origin = originOf(node);
  const { value, text } = node;
  if (node.items)
    return { value, origin, items: node.items.map((item) => paramOf(item, () => origin)) };
  if (!node.entries) return { value, ...(text !== undefined && { text }), origin };
  const parts = new Map<string, Param>();
  for (const [key, entry] of node.entries) parts.set(key, paramOf(entry.node, originOf));
  return { value: node.value, origin, parts };
}

/** For a pipeline.yaml without params. */
export const EMPTY_PARAMS: Param = {
  value: {},
  origin: { kind: 'file', file: PIPELINE_FILE, line: 1 },
  parts: new Map(),
};

/** Merges one tree over another: maps by key, other values as a whole. Adds new names. */
export function joined(base: Param, over: Param): Param {
  if (!base.parts || !over.parts) return over;
  const parts = new Map(base.parts);
  for (const [name, part] of over.parts) {
    const below = parts.get(name);
    parts.set(name, below ? joined(below, part) : part);
  }
  return { ...over, value: treeValue(parts), parts };
}

const RESERVED: Readonly<Record<string, string>> = {
  deps: 'what a stage reads',
  outs: 'what a stage writes',
  resources: 'a resource of a stage',
};

/** `${deps.x}`, `${outs.x}` and `${resources.x}` belong to the stage. */
export function checkNames(params: AstNode, diagnostics: Diagnostics): void {
  for (const [name, what] of Object.entries(RESERVED)) {
    const entry = params.entries?.get(name);
    if (!entry) continue;
    const message = `a param cannot be called "${name}": \${${name}.x} is ${what}`;
    diagnostics.add({ code: 'bad-name', message, hint: 'give it another name' }, entry.key);
  }
}

/** As {@link joined}, for a profile: a new name is an error, except within an empty map, which is open. */
export function layOver(
  base: Param,
  over: AstNode,
  originOf: OriginOf,
  diagnostics: Diagnostics,
  path: readonly string[] = [],
): Param {
  if (!base.parts || base.parts.size === 0 || !over.entries) return paramOf(over, originOf);
  const parts = new Map(base.parts);
  for (const [name, { key, node }] of over.entries) {
    const part = base.parts.get(name);
    const inner = [...path, name];
    if (part) parts.set(name, layOver(part, node, originOf, diagnostics, inner));
    else diagnostics.add(unknownInProfile(inner, base), key);
  }
  return { ...base, value: treeValue(parts), parts };
}

function unknownInProfile(path: readonly string[], base: Param): Mistake {
  const name = path.join('.');
  const near = nearest(path.at(-1)!, base.parts!.keys());
  const hint = near ? `did you mean "${near}"?` : 'a profile changes params: add it to them first';
  return { code: 'unknown-param', message: `there is no param "${name}"`, hint };
}

function treeValue(parts: ReadonlyMap<string, Param>): Json {
  const value: Record<string, Json> = {};
  for (const [name, part] of parts) value[name] = part.value;
  return value;
}

/** Applies `--set a.b=value`, in order. */
export function applySets(base: Param, sets: readonly string[], diagnostics: Diagnostics): Param {
  let tree = base;
  for (const text of sets) tree = applySet(tree, text, diagnostics);
  return tree;
}

function applySet(tree: Param, text: string, diagnostics: Diagnostics): Param {
  const at = text.indexOf('=');
  if (at < 1) {
    const message = `--set ${text}: expected a param and its value`;
    diagnostics.add({
      code: 'bad-set',
      message,
      hint: 'as in: --set train.epochs=50, without spaces',
    });
    return tree;
  }
  const path = text.slice(0, at).trim();
  const written = text.slice(at + 1);
  if (written.trim() === '') {
    // YAML reads it as null, but it is mostly a shell variable that is not set.
    const hint = `write ${path}=null, or '${path}=""' for an empty text`;
    diagnostics.add({ code: 'bad-set', message: `--set ${text}: there is no value`, hint });
    return tree;
  }
  const parsed = parseValue(written);
  if ('error' in parsed) {
    const message = `--set ${text}: the value is not valid YAML: ${parsed.error}`;
    diagnostics.add({ code: 'bad-set', message });
    return tree;
  }
  const keys = keysAt(tree.value, path);
  if (keys === undefined) {
    const unknown = unknownParam(path, tree);
    const hint = entryHint(path, parsed, tree);
    const mistake = hint === undefined ? unknown : { ...unknown, hint };
    diagnostics.add({ ...mistake, message: `--set ${text}: ${mistake.message}` });
    return tree;
  }
  return replace(
    tree,
    keys,
    paramOf(parsed, () => ({ kind: 'set', text })),
  );
}

/** For a new entry of a map with a value for each item: the whole map with it. */
function entryHint(
  path: string,
  added: Pick<Param, 'value' | 'text'>,
  tree: Param,
): string | undefined {
  const [, above = '', key = ''] = /^(.*)\.([^.]*)$/.exec(path) ?? [];
  const { parts } = paramAt(tree, above) ?? {};
  if (!parts?.has('default') || nearest(key, parts.keys())) return undefined;
  const nameOf = (name: string) =>
    /^(?!null$)[a-z][a-z0-9]*$/i.test(name) ? name : JSON.stringify(name);
  const entries = [...parts, [key, added] as const].map(([name, { value, text }]) => {
    const number = typeof value === 'number' ? text : undefined;
    return `${nameOf(name)}: ${number ?? JSON.stringify(value)}`;
  });
  const map = entries.join(', ');
  if (map.includes("'")) return undefined;
  return `to add an entry, write the whole map: --set '${above}={ ${map} }'`;
}

const NUMBERS = /^\s*[-+\d.][\d.e+-]*(?:\s*,\s*[-+\d.][\d.e+-]*)+\s*$/i;

/** Warnings for `--set` options that give a number several values: `a=1,2` and `a=[1,2]`. */
export function warningsForSets(base: Param, now: Param, sets: readonly string[]): string[] {
  return sets.flatMap((text) => {
    const path = pathOf(text);
    const value = paramAt(now, path)?.value;
    const isSeveral = Array.isArray(value) || (typeof value === 'string' && NUMBERS.test(value));
    if (!isSeveral || typeof paramAt(base, path)?.value !== 'number') return [];
    return `--set ${text} is one value: run pipe once for each number, or make ${path} an axis of a matrix`;
  });
}

/** The values that a tree has and the one below it lacks, in maps that both have. */
export function addedTo(base: Param, now: Param, map = ''): readonly AddedParam[] {
  if (base.parts === undefined) return [];
  return [...(now.parts ?? [])].flatMap(([name, part]) => {
    const path = map === '' ? name : `${map}.${name}`;
    const below = base.parts?.get(name);
    if (below !== undefined) return addedTo(below, part, path);
    return leavesOf(part.value, path).map(([param]) => ({ param, map }));
  });
}

/** Warnings for `--set` options of params that are neither among the used ones nor part of them. */
export function unusedSets(sets: readonly string[], used: readonly string[]): string[] {
  return sets.flatMap((text) => {
    const path = pathOf(text);
    const isUsed = used.some((name) => isPartOf(name, path) || isPartOf(path, name));
    if (isUsed) return [];
    return `--set ${text} changes nothing: no stage has ${path} under params or contains \${${path}}`;
  });
}

/** True if the param is the other one, or a part of it. */
export function isPartOf(inner: string, outer: string): boolean {
  return `${inner}.`.startsWith(`${outer}.`);
}

function pathOf(set: string): string {
  return set.slice(0, set.indexOf('=')).trim();
}

function replace(tree: Param, [first, ...rest]: readonly string[], by: Param): Param {
  if (first === undefined) return by;
  const parts = new Map(tree.parts);
  parts.set(first, replace(parts.get(first)!, rest, by));
  return { ...tree, value: treeValue(parts), parts };
}

export function paramAt(tree: Param, path: string): Param | undefined {
  const keys = keysAt(tree.value, path);
  return keys?.reduce<Param | undefined>((param, key) => param?.parts?.get(key), tree);
}

/** For messages: what gave a param its value, if it is not the file's `params`. */
export function setBy(origin: Origin | undefined): string {
  if (origin === undefined || origin.kind === 'file') return '';
  return `, set by ${origin.kind === 'set' ? `--set ${origin.text}` : `the profile "${origin.name}"`}`;
}

/** A hint for `train.rate`: the keys of `train`. */
export function siblings(path: string, tree: Param): string | undefined {
  const end = path.lastIndexOf('.');
  const above = path.slice(0, Math.max(0, end));
  const parent = end < 0 ? undefined : paramAt(tree, above);
  if (parent === undefined) return undefined;
  if (!parent.parts)
    return `"${above}" is ${describeValue(parent.value)}${setBy(parent.origin)}, so it contains no other param`;
  const near = nearest(path.slice(end + 1), parent.parts.keys());
  if (near !== undefined) return `did you mean "${above}.${near}"?`;
  return listed([...parent.parts.keys()], `"${above}" has`);
}

/** The error for a path that does not exist. */
export function unknownParam(path: string, tree: Param): Mistake {
  return {
    code: 'unknown-param',
    message: `there is no param "${path}"`,
    hint:
      siblings(path, tree) ??
      similar(path, allPaths(tree)) ??
      'add it under `params:`, or to a file that `params:` names: there are no params yet',
  };
}

/** For `lr`, `train.lr`. */
function similar(path: string, paths: readonly string[]): string | undefined {
  const [whole, ...others] = paths.filter((each) => each.endsWith(`.${path}`));
  if (whole !== undefined && others.length === 0) return `did you mean "${whole}"?`;
  return suggest(path, paths, 'params are');
}

/** Dot paths of all nodes, maps before their members. */
export function allPaths(tree: Param, prefix = ''): readonly string[] {
  const paths: string[] = [];
  for (const [name, part] of tree.parts ?? []) {
    paths.push(prefix + name, ...allPaths(part, `${prefix}${name}.`));
  }
  return paths;
}

export function unknownProfile(name: string, known: readonly string[]): Mistake {
  const none = known.length === 0 ? 'pipeline.yaml has no profiles' : undefined;
  return {
    code: 'unknown-profile',
    message: `there is no profile "${name}"`,
    hint: none ?? suggest(name, known, 'profiles are'),
  };
}
