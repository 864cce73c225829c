/** Inputs and outputs of a stage of dvc.yaml: `deps`, `outs`, `metrics`, `plots`, `params`. */
import type { AstNode } from '../pipeline/document/ast.js';
import type { Span } from '../pipeline/document/source-text.js';
import { kindOfPlot } from '../pipeline/plot-kind.js';
import { pathsIn, stepsIn, textIn, valueAt } from './dvc-placeholder.js';
import { joinPath, type Params } from './dvc-values.js';
import { render, type Scope, type Spot } from './render.js';
import { type Notes, Untranslatable } from './translation-note.js';
import { type Tree, treeOf } from './write-yaml.js';

/** `path`, or `path: { cache: false }`. */
export interface Entry {
  readonly path: string;
  readonly options: AstNode | undefined;
  readonly span: Span;
}

export function entriesIn(list: AstNode | undefined): readonly Entry[] {
  if (!list || list.value === null) return [];
  if (list.entries) return mapEntries(list);
  if (!list.items) throw new Untranslatable(`it has "${textIn(list)}" where DVC takes a list`);
  return list.items.flatMap((item) =>
    item.entries ? mapEntries(item) : [{ path: textIn(item), options: undefined, span: item.span }],
  );
}

function mapEntries({ entries }: AstNode): readonly Entry[] {
  return [...entries!].map(([path, { key, node }]) => ({ path, options: node, span: key }));
}

/** A stage with its scope. */
export interface Site {
  readonly scope: Scope;
  /** The stage's `wdir` in dvc.yaml. */
  readonly wdir: string | undefined;
  /** Folder of dvc.yaml. */
  readonly base: string;
  readonly params: Params;
  readonly notes: Notes;
}

/** The path for pipe; undefined, with a note, if it is outside of the project. */
export function pathOf({ path, span }: Entry, spot: Spot, site: Site): string | undefined {
  const { scope, wdir, base, notes } = site;
  const folder = wdir === undefined ? base : joinPath(base, render(wdir, spot, scope));
  const written = render(path, spot, scope);
  const problem = /^[a-z][a-z0-9+.-]*:\/\//i.test(written)
    ? 'is an address: download it in a separate stage'
    : written.startsWith('/')
      ? 'is an absolute path: make a link to it in the project (ln -s), and name the link'
      : undefined;
  const joined = joinPath(folder, written);
  const outside =
    joined === ''
      ? 'is the whole project: name the folders and files that count'
      : /^\.\.(?:\/|$)/.test(joined)
        ? 'is outside of the project: make a link to it in the project (ln -s), and name the link'
        : undefined;
  const reason = problem ?? outside;
  if (reason !== undefined) notes.add(span, `"${path}" is left out: it ${reason}`);
  return reason === undefined ? joined : undefined;
}

/** Notes DVC's options of an out. */
export function noteOptions({ path, options, span }: Entry, notes: Notes): void {
  for (const [name, { node }] of options?.entries ?? []) {
    if (name === 'cache') {
      if (node.value === false) notes.addOnce(span, NOT_CACHED);
    } else if (name !== 'persist') notes.add(span, `${name} of "${path}" is left out`);
    else if (node.value === true) notes.add(span, `persist of "${path}" is left out: ${REMOVED}`);
  }
}

const NOT_CACHED =
  'cache: false is left out: pipe keeps every out in its cache, and git can track the file too';
const REMOVED =
  'pipe removes old outs before it runs a stage, except the states of an incremental stage (epochs:)';

interface ParamsRead {
  readonly names: readonly string[];
  /** Params files that a stage reads as a whole. */
  readonly files: readonly string[];
}

/** DVC's options of a plot that pipe has too; `axes` replace those of the entry. Notes the others. */
export function plotOptions(
  { path, options, span }: Entry,
  notes: Notes,
  axes: Readonly<Record<string, AstNode | undefined>> = {},
): Record<string, Tree> {
  const kept: Record<string, Tree> = {};
  for (const [name, { node: written }] of options?.entries ?? []) {
    const node = name in axes ? axes[name] : written;
    if (node === undefined || name === 'cache' || name === 'persist' || isCurve(name, node))
      continue;
    const columns = node.items ?? [node];
    const isColumn = AXES.has(name) && columns.every(({ value }) => typeof value === 'string');
    if (isColumn && kindOfPlot(path) === 'table') kept[name] = treeOf(node);
    else notes.add(span, `${name} of plot "${path}" is left out`);
  }
  return kept;
}

const AXES = new Set(['x', 'y']);

/** Options for something that pipe draws anyway. */
function isCurve(name: string, { value }: AstNode): boolean {
  return name === 'template' && (value === 'simple' || value === 'linear');
}

export function isConfusion({ options }: Entry): boolean {
  return /^confusion/.test(String(options?.entries?.get('template')?.node.value));
}

/** Keys of params files; a file that pipe cannot read as params becomes a dep. */
export function paramsOf(list: AstNode | undefined, site: Site): ParamsRead {
  const names: string[] = [];
  const files: string[] = [];
  for (const entry of entriesIn(list)) {
    if (entry.options === undefined) {
      const own = pathOf({ ...entry, path: 'params.yaml' }, 'out', site);
      if (own !== undefined) take([entry.path], own, entry.span);
      continue;
    }
    const file = pathOf(entry, 'out', site);
    if (file === undefined) continue;
    const keys = entry.options.items?.map(textIn);
    if (keys) take(keys, file, entry.span);
    else files.push(file);
  }
  return { names: [...new Set(names)], files: [...new Set(files)] };

  function take(keys: readonly string[], file: string, span: Span): void {
    const refusal = site.params.refusal(file);
    if (refusal !== undefined) {
      files.push(file);
      site.notes.add(span, `params: ${file} counts as a whole, as a dep: ${refusal}`);
      return;
    }
    for (const key of keys) {
      const name = nameIn(site.params.treeOf(file)!, render(key, 'text', site.scope));
      if (name !== undefined) names.push(name);
      else site.notes.add(span, `params: "${key}" is left out: ${file} does not have it`);
    }
  }
}

/** pipe names maps and whole values: for `layers[0]`, the list. Keeps a key with a placeholder as it is. */
function nameIn(tree: AstNode, key: string): string | undefined {
  if (key.includes('${')) return key;
  const path = stepsIn(key);
  if (!valueAt(tree, path)) return undefined;
  const end = path.findIndex((_, index) => valueAt(tree, path.slice(0, index))?.items);
  return path.slice(0, end < 0 ? path.length : end).join('.');
}

/** Every params file that a stage names, so that a name has one meaning in all stages. */
export function paramsFilesIn(body: AstNode, base: string): readonly string[] {
  const wdir = body.entries?.get('wdir')?.node;
  if (wdir && pathsIn(wdir).length > 0) return [];
  const folder = wdir ? joinPath(base, textIn(wdir)) : base;
  return entriesIn(body.entries?.get('params')?.node)
    .map(({ path, options }) => (options === undefined ? 'params.yaml' : path))
    .filter((path) => !path.includes('${'))
    .map((path) => joinPath(folder, path));
}
