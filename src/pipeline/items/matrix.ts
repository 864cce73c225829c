/** The cells of a stage's matrix: the product of the axes, minus `exclude`, plus `include`. */

import { type AstNode, child, textOf } from '../document/ast.js';
import type { Diagnostics } from '../document/diagnostics.js';
import { suggest } from '../document/suggest.js';
import { describeValue } from '../document/value-errors.js';
import { type FileMeans, valuesOfFiles } from './axis-files.js';
import { type AxisValue, BAD_VALUE, isItemText } from './axis-value.js';
import {
  givenBy,
  type Means,
  parseTemplate,
  placeholderText,
  type Written,
  wholePlaceholder,
} from './fill-placeholders.js';

export type Cell = Readonly<Record<string, AxisValue>>;

const AXIS = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** Limit for one stage: axes multiply, and a few too many would exhaust the memory. */
const MAX_CELLS = 100_000;

/** Not allowed as axis names, since `${deps.x}`, `${outs.x}` and `${resources.x}` would be ambiguous. */
const RESERVED = new Set(['deps', 'outs', 'resources']);

/** One empty cell for a stage without a matrix; undefined after an error. */
export function cellsOf(
  stage: string,
  matrix: AstNode | undefined,
  means: FileMeans,
): readonly Cell[] | undefined {
  if (!matrix) return [{}];
  const { diagnostics } = means;
  const axes = axesOf(matrix, means);
  const include = entriesOf(matrix, 'include', means);
  const exclude = entriesOf(matrix, 'exclude', means);
  if (!axes || !include || !exclude) return undefined;
  const names = axes.size > 0 ? [...axes.keys()] : Object.keys(include[0]?.cell ?? {});
  if (!checkEntries(names, axes, include, exclude, diagnostics)) return undefined;
  if (!checkSize(axes, include.length, matrix, diagnostics)) return undefined;
  const cells = product(axes).filter((cell) => !exclude.some((each) => covers(each.cell, cell)));
  for (const { cell } of include)
    cells.push(Object.fromEntries(names.map((name) => [name, cell[name]!])));
  return checkCells(stage, cells, matrix, diagnostics) ? cells : undefined;
}

/** `train`, `train@faces`, `evaluate@faces,double20`. */
export function itemId(stage: string, cell: Cell): string {
  const values = Object.values(cell).map(textOf);
  return values.length === 0 ? stage : `${stage}@${values.join(',')}`;
}

interface Axis {
  readonly values: readonly AxisValue[];
  /** Values come from a param or from files, so `exclude` may name values that are missing today. */
  readonly open: boolean;
}

type Axes = ReadonlyMap<string, Axis>;

function axesOf(matrix: AstNode, means: FileMeans): Axes | undefined {
  const axes = new Map<string, Axis>();
  let sound = true;
  for (const [name, { key, node }] of matrix.entries ?? []) {
    if (name === 'include' || name === 'exclude') continue;
    if (!AXIS.test(name) || RESERVED.has(name)) {
      const message = `an axis cannot be called "${name}"`;
      const hint = 'use letters, digits, "_" and "-", and do not begin with a digit';
      means.diagnostics.add({ code: 'bad-name', message, hint }, key);
      sound = false;
      continue;
    }
    const axis = node.entries ? axisOfFiles(node, means) : axisOf(name, node, means);
    if (axis) axes.set(name, axis);
    else sound = false;
  }
  return sound ? axes : undefined;
}

function axisOfFiles(node: AstNode, means: FileMeans): Axis | undefined {
  const values = valuesOfFiles(node, means);
  return values && { values, open: true };
}

function axisOf(name: string, node: AstNode, means: Means): Axis | undefined {
  const { lookup, diagnostics } = means;
  const written = node.items ? undefined : resolve(node, means);
  if (!node.items && written === undefined) return undefined;
  const values = node.items ? node.items.map((item) => resolve(item, means)) : listed(written!);
  if (!values) {
    const what = describeValue(written!.value);
    const placeholder = wholePlaceholder(parseTemplate(String(node.value), node, diagnostics));
    const given = placeholder ? givenBy(placeholder, lookup) : '';
    const message = `the axis "${name}" takes a list of values, and ${node.value} is ${what}${given}`;
    diagnostics.add({ code: 'bad-axis', message, hint: listOf(written!) }, node.span);
    return undefined;
  }
  if (values.length === 0) {
    const message = `the axis "${name}" has no values`;
    diagnostics.add(
      { code: 'bad-axis', message, hint: 'add a value, or remove the axis' },
      node.span,
    );
    return undefined;
  }
  const sound = values.map((value, index) =>
    checkValue(value, node.items?.[index] ?? node, diagnostics),
  );
  return sound.every(Boolean) ? { values: values as AxisValue[], open: !node.items } : undefined;
}

/** A param as an axis: the values of a list, or the keys of a map. */
function listed({ value, items }: Written): readonly Written[] | undefined {
  if (items) return items;
  if (value === null || typeof value !== 'object') return undefined;
  return Object.keys(value).map((name) => ({ value: name }));
}

/** How to write one value as a list. `0.1,0.01` becomes two values, as meant. */
function listOf({ value, text = String(value) }: Written): string {
  return `write a list, as in: [${/^[\w.,+-]+$/.test(text) && value !== null ? text : 'faces, animals'}]`;
}

/** The value as written, or of the param that it names. */
function resolve(node: AstNode, means: Means): Written | undefined {
  if (typeof node.value !== 'string' || !node.value.includes('${')) return node;
  const template = parseTemplate(node.value, node, means.diagnostics);
  const placeholder = wholePlaceholder(template);
  if (placeholder) return placeholderText(placeholder, template, means);
  if (template.parts.length === 0) return undefined;
  const message = 'a value of an axis is a plain value, or a whole param such as ${datasets}';
  means.diagnostics.add({ code: 'bad-axis', message }, node.span);
  return undefined;
}

/** Values become part of item names, which users type and which name files. */
function checkValue(
  written: Written | undefined,
  node: AstNode,
  diagnostics: Diagnostics,
): boolean {
  if (written === undefined) return false;
  const { value } = written;
  if (value === null || typeof value === 'object') {
    const message = 'a value of an axis is a text, a number, true or false';
    diagnostics.add({ code: 'bad-axis', message }, node.span);
    return false;
  }
  if (!isItemText(textOf(written))) {
    const message = `the value ${JSON.stringify(value)} ${BAD_VALUE.message}`;
    diagnostics.add({ code: 'bad-axis', message, hint: BAD_VALUE.hint }, node.span);
    return false;
  }
  return true;
}

interface Listed {
  readonly cell: Cell;
  readonly node: AstNode;
}

/** The entries of `include` or `exclude`. */
function entriesOf(
  matrix: AstNode,
  which: 'include' | 'exclude',
  means: Means,
): readonly Listed[] | undefined {
  const list: Listed[] = [];
  let sound = true;
  for (const node of child(matrix, which)?.items ?? []) {
    const cell: Record<string, AxisValue> = {};
    for (const [axis, { node: written }] of node.entries ?? []) {
      const value = resolve(written, means);
      if (checkValue(value, written, means.diagnostics)) cell[axis] = value as AxisValue;
      else sound = false;
    }
    list.push({ cell, node });
  }
  return sound ? list : undefined;
}

function checkEntries(
  names: readonly string[],
  axes: Axes,
  include: readonly Listed[],
  exclude: readonly Listed[],
  diagnostics: Diagnostics,
): boolean {
  const before = diagnostics.count;
  for (const entry of [...include, ...exclude]) unknownAxes(entry, names, diagnostics);
  for (const { cell, node } of include) {
    const missing = names.filter((name) => !Object.hasOwn(cell, name));
    if (missing.length === 0) continue;
    const message = `the cell lacks the axis "${missing.join('", "')}"`;
    const hint = `a cell to include names every axis: ${names.join(', ')}`;
    diagnostics.add({ code: 'bad-cell', message, hint }, node.span);
  }
  for (const entry of exclude) unknownValues(entry, axes, diagnostics);
  return diagnostics.count === before;
}

function unknownAxes({ node }: Listed, names: readonly string[], diagnostics: Diagnostics): void {
  for (const [axis, { key }] of node.entries ?? []) {
    if (names.includes(axis)) continue;
    const hint = suggest(axis, names, 'axes are');
    diagnostics.add({ code: 'bad-cell', message: `there is no axis "${axis}"`, hint }, key);
  }
}

function unknownValues({ cell, node }: Listed, axes: Axes, diagnostics: Diagnostics): void {
  for (const [name, value] of Object.entries(cell)) {
    const axis = axes.get(name);
    if (!axis || axis.open || axis.values.some((each) => each.value === value.value)) continue;
    const message = `the axis "${name}" has no value ${JSON.stringify(value.value)} to exclude`;
    const hint = suggest(textOf(value), axis.values.map(textOf), 'values are');
    diagnostics.add({ code: 'bad-cell', message, hint }, child(node, name)?.span ?? node.span);
  }
}

/** Runs before the cells are created. */
function checkSize(
  axes: Axes,
  included: number,
  matrix: AstNode,
  diagnostics: Diagnostics,
): boolean {
  const sizes = [...axes.values()].map(({ values }) => values.length);
  const made = sizes.length === 0 ? 0 : sizes.reduce((product, size) => product * size, 1);
  if (made + included <= MAX_CELLS) return true;
  const message = `the matrix has ${made + included} cells, more than ${MAX_CELLS}`;
  const hint = 'remove an axis, or list the cells that you want under include:';
  diagnostics.add({ code: 'too-many-cells', message, hint }, matrix.span);
  return false;
}

/** The last axis varies fastest. */
function product(axes: Axes): Cell[] {
  if (axes.size === 0) return [];
  let cells: Cell[] = [{}];
  for (const [name, { values }] of axes) {
    cells = cells.flatMap((cell) => values.map((value) => ({ ...cell, [name]: value })));
  }
  return cells;
}

function covers(pattern: Cell, cell: Cell): boolean {
  return Object.entries(pattern).every(([axis, value]) => cell[axis]?.value === value.value);
}

function checkCells(
  stage: string,
  cells: readonly Cell[],
  matrix: AstNode,
  diagnostics: Diagnostics,
): boolean {
  if (cells.length === 0) {
    const message = 'exclude leaves no cell of the matrix';
    diagnostics.add({ code: 'bad-axis', message, hint: 'exclude fewer values' }, matrix.span);
    return false;
  }
  const ids = new Set<string>();
  for (const cell of cells) {
    const id = itemId(stage, cell);
    if (!ids.has(id)) ids.add(id);
    else {
      const message = `the matrix gives the item ${id} twice`;
      diagnostics.add(
        { code: 'duplicate-item', message, hint: 'remove one of the equal values' },
        matrix.span,
      );
    }
  }
  return ids.size === cells.length;
}
