/** `foreach` and `matrix` of DVC → cells, and the equivalent matrix of pipe. */

import { type AstNode, textOf } from '../pipeline/document/ast.js';
import { mapOf } from '../pipeline/document/merge.js';
import { isItemText } from '../pipeline/items/axis-value.js';
import type { Json } from '../stage/context.js';
import { isScalar, piecesOf, valueAt, wholePath } from './dvc-placeholder.js';
import { lookUp, scalarText } from './dvc-values.js';
import { isPlain, type Scope } from './render.js';
import { Untranslatable } from './translation-note.js';
import { type Tree, treeOf } from './write-yaml.js';

/** One of DVC's stages: its key after the `@`, and its values of `item` and `key`. */
interface Cell {
  readonly key: string;
  readonly own: AstNode;
}

interface Matrix {
  readonly tree: Tree;
  /** Path in dvc.yaml → text in pipeline.yaml: `item.x` → `${x}`. */
  readonly axes: ReadonlyMap<string, string>;
  /** True if it copies values of params. */
  readonly isCopy: boolean;
}

export interface Iteration {
  readonly cells: readonly Cell[];
  /** The param with the iterated values, if pipe has one too. */
  readonly param?: string;
  /** Axes of a matrix. */
  readonly axes?: ReadonlyMap<string, Axis>;
}

interface Axis {
  readonly values: readonly AstNode[];
  readonly param?: string;
}

/** The paths that the stage uses, and those that a shell reads. */
interface Uses {
  readonly all: readonly (readonly string[])[];
  readonly inCommand: ReadonlySet<string>;
}

export function foreachOf(node: AstNode, scope: Scope): Iteration {
  const data = resolved(node, scope);
  const param = liveParam(node, data, scope);
  if (data.entries) {
    const cells = [...data.entries].map(([key, each]) => cellOf(key, each.node, true));
    return { cells, ...(param !== undefined && { param }) };
  }
  if (!data.items) throw new Untranslatable('foreach takes a list or a map');
  if (!data.items.every(isScalar))
    return { cells: data.items.map((item, index) => cellOf(String(index), item, false)) };
  const items = distinct(data.items);
  const isWhole = items.length === data.items.length;
  const cells = items.map((item) => cellOf(textOf(item), item, false));
  return { cells, ...(isWhole && param !== undefined && { param }) };
}

export function matrixOf(node: AstNode, scope: Scope): Iteration {
  const axes = new Map<string, Axis>();
  if (!node.entries?.size) throw new Untranslatable('its matrix has no axes');
  for (const [name, { node: written }] of node.entries) {
    const data = resolved(written, scope);
    if (!data.items) throw new Untranslatable(`the axis ${name} of matrix takes a list`);
    const values = data.items.every(isScalar) ? distinct(data.items) : data.items;
    const param = values.length === data.items.length ? liveParam(written, data, scope) : undefined;
    axes.set(name, { values, ...(param !== undefined && { param }) });
  }
  let rows: { readonly names: readonly string[]; readonly item: ReadonlyMap<string, AstNode> }[] = [
    { names: [], item: new Map() },
  ];
  for (const [axis, { values }] of axes) {
    rows = rows.flatMap(({ names, item }) =>
      values.map((value, index) => ({
        names: [...names, isScalar(value) ? textOf(value) : `${axis}${index}`],
        item: new Map(item).set(axis, value),
      })),
    );
  }
  const cells = rows.map(({ names, item }) => {
    const entries = new Map([...item].map(([axis, value]) => [axis, entryOf(value)]));
    return cellOf(names.join('-'), mapOf(entries, node.span), true);
  });
  return { cells, axes };
}

/** Undefined if each cell needs a separate stage. */
export function asMatrix(iteration: Iteration, uses: Uses, scope: Scope): Matrix | undefined {
  const { cells, axes, param } = iteration;
  const used = uses.all.filter(([first]) => valueAt(cells[0]!.own, [first!]) !== undefined);
  const fitsAll = (path: string) => cells.every(({ own }) => fits(own, path, uses));
  if (!used.every((path) => fitsAll(path.join('.')))) return undefined;
  if (axes && [...axes.values()].every(({ values }) => values.every(isScalar)))
    return product(axes, used, scope);
  const hasKey = valueAt(cells[0]!.own, ['key']) !== undefined;
  const isSimple = cells.every(({ own }) => isScalar(valueAt(own, ['item'])!));
  const one = !hasKey && isSimple ? 'item' : 'key';
  if (!axes && (one === 'item' || (hasKey && used.every((path) => path.join('.') === 'key')))) {
    const values = cells.map(({ own }) => valueAt(own, [one])!);
    if (!values.every(isAxisValue)) return undefined;
    const tree = param === undefined ? values.map(treeOf) : `\${${param}}`;
    return { tree: { [one]: tree }, axes: new Map([[one, `\${${one}}`]]), isCopy: false };
  }
  return rowsOf(iteration, used, scope);
}

/** In a shell command, a value that differs between cells must be a plain word. */
function fits(own: AstNode, path: string, { inCommand }: Uses): boolean {
  const value = valueAt(own, path.split('.'));
  if (!value || !isScalar(value)) return false;
  return !inCommand.has(path) || isPlain(textOf(value), 'cmd');
}

function product(
  axes: ReadonlyMap<string, Axis>,
  used: readonly (readonly string[])[],
  scope: Scope,
): Matrix | undefined {
  if (![...axes.values()].every(({ values }) => values.every(isAxisValue))) return undefined;
  const names = namesFor(
    [...axes.keys()].map((axis) => `item.${axis}`),
    scope,
  );
  const tree = Object.fromEntries(
    [...axes].map(([axis, { values, param }]) => [
      names.get(`item.${axis}`)!,
      param === undefined ? values.map(treeOf) : `\${${param}}`,
    ]),
  );
  const texts = new Map([...names].map(([path, name]) => [path, `\${${name}}`]));
  const known = new Map([...texts, ['key', [...texts.values()].join('-')]]);
  const isKnown = used.every((path) => known.has(path.join('.')));
  return isKnown ? { tree, axes: known, isCopy: false } : undefined;
}

/** One cell in each row, with the values that the stage uses. */
function rowsOf(
  { cells, axes, param }: Iteration,
  used: readonly (readonly string[])[],
  scope: Scope,
): Matrix | undefined {
  const hasKey = valueAt(cells[0]!.own, ['key']) !== undefined;
  const columns = new Set(used.map((path) => path.join('.')));
  const first = !axes && hasKey ? ['key'] : [];
  const rows = (names: ReadonlyMap<string, string>) =>
    cells.map(({ own, key }) =>
      Object.fromEntries(
        [...names].map(([path, name]) => [name, valueAt(own, path.split('.')) ?? scalarNode(key)]),
      ),
    );
  let names = namesFor([...first, ...columns], scope);
  const texts = rows(names).map((row) => Object.values(row).map(textOf).join());
  if (new Set(texts).size < cells.length || names.size === 0)
    names = namesFor(['key', ...columns], scope);
  const made = rows(names);
  if (!made.every((row) => Object.values(row).every(isAxisValue))) return undefined;
  const include = made.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, node]) => [name, treeOf(node)])),
  );
  return {
    tree: { include },
    axes: new Map([...names].map(([path, name]) => [path, `\${${name}}`])),
    isCopy: param !== undefined,
  };
}

/** `item.lr` becomes the axis `lr`, if that name is free. */
function namesFor(paths: readonly string[], { params }: Scope): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set(['deps', 'outs', 'include', 'exclude', 'key', 'item']);
  for (const [name, { node }] of params.tree.entries ?? []) if (!node.entries) taken.add(name);
  for (const id of paths) {
    if (names.has(id)) continue;
    const path = id.split('.');
    const short = path.length > 1 ? path.slice(1) : path;
    const wanted = [short, path].map((words) =>
      words
        .join('_')
        .replace(/[^A-Za-z0-9_-]/g, '_')
        .replace(/^(?=[^A-Za-z_])/, '_'),
    );
    let name = path.length === 1 ? wanted[0] : wanted.find((each) => !taken.has(each));
    for (let count = 2; name === undefined; count++)
      if (!taken.has(`${wanted[1]}_${count}`)) name = `${wanted[1]}_${count}`;
    taken.add(name);
    names.set(id, name);
  }
  return names;
}

/** Values become part of item names, for which pipe accepts only some. */
function isAxisValue(node: AstNode): boolean {
  return isScalar(node) && isItemText(textOf(node));
}

/** The data with its placeholders filled. */
function resolved(node: AstNode, scope: Scope): AstNode {
  if (typeof node.value === 'string') {
    const path = wholePath(node.value);
    const found = path && lookUp(scope.values, path);
    if (found) return found;
    return scalarNode(filled(node.value, scope));
  }
  if (node.items) {
    const items = node.items.map((item) => resolved(item, scope));
    return { ...node, items, value: items.map(({ value }) => value) };
  }
  if (!node.entries) return node;
  const entries = [...node.entries].map(
    ([key, { node: part }]) => [key, entryOf(resolved(part, scope))] as const,
  );
  return mapOf(new Map(entries), node.span);
}

function filled(text: string, { values }: Scope): string {
  return piecesOf(text)
    .map((piece) => {
      if (typeof piece === 'string') return piece;
      const found = lookUp(values, piece.path);
      const put = found && scalarText(found);
      if (put === undefined)
        throw new Untranslatable(`${piece.written} is not a text or number in params.yaml or vars`);
      return put;
    })
    .join('');
}

function liveParam(node: AstNode, data: AstNode, { params }: Scope): string | undefined {
  const path = typeof node.value === 'string' ? wholePath(node.value) : undefined;
  return path && params.holds(path, data) ? path.join('.') : undefined;
}

function distinct(nodes: readonly AstNode[]): readonly AstNode[] {
  return [...new Map(nodes.map((node) => [textOf(node), node])).values()];
}

function cellOf(key: string, item: AstNode, hasKey: boolean): Cell {
  const own = new Map([['item', entryOf(item)]]);
  if (hasKey) own.set('key', entryOf(scalarNode(key)));
  return { key, own: mapOf(own, item.span) };
}

function scalarNode(value: Json): AstNode {
  return { span: { start: 0, end: 0 }, value, size: 1 };
}

function entryOf(node: AstNode) {
  return { key: node.span, node };
}
