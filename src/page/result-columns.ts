/** Rows of results → the columns of the page, named as `pipe results` names them. */

import { getOrMake } from '../lists.js';
import type { ResultRow } from '../results/all-results.js';
import { type Column, columnsOf, isFilled, sharedNames, titleOf } from '../results/row-columns.js';
import type { PageColumn, PageResults } from './model.js';
import { sixDigits } from './page-epochs.js';

/** Characters of a digest that identify it. */
const SHORT = 12;

/** Rows in the given order. */
export function resultColumns(rows: readonly ResultRow[]): PageResults {
  const named = columnsOf(rows).filter(({ kind, name }) => kind !== 'field' || name !== 'stage');
  const shared = sharedNames(named);
  const nameOf = ({ kind, name }: Column) =>
    kind !== 'field' && shared.has(name) ? `${kind}.${name}` : titleOf({ kind, name });
  const all = named.filter((column) => column.kind !== 'matrix' && !isFilled(column, rows));
  const columns = ORDER.flatMap((isNext) => all.filter(isNext)).map((column) =>
    pageColumn(column, nameOf(column), rows),
  );
  const ofItems = [...new Map(rows.map((row) => [row.item, row])).values()];
  const axes = named
    .filter(({ kind }) => kind === 'matrix')
    .map((axis) => ({ name: nameOf(axis), values: ofItems.map((row) => axis.of(row) ?? null) }));
  return { rows: rows.length, columns, axes };
}

const isField = ({ kind, name }: Column, names: readonly string[]) =>
  kind === 'field' && names.includes(name);
const isValue = ({ kind }: Column) => kind === 'params' || kind === 'metrics';
const CIRCUMSTANCES = ['seconds', 'when', 'state'];

/** The most interesting columns come first: a phone shows no others. Digests and sizes come last. */
const ORDER: readonly ((column: Column) => boolean)[] = [
  (column) => isField(column, ['item']),
  isValue,
  (column) => isField(column, CIRCUMSTANCES),
  (column) => !isValue(column) && !isField(column, ['item', ...CIRCUMSTANCES]),
];

function kindOf({ kind, name }: Column): PageColumn['kind'] {
  if (kind === 'env' || kind === 'code') return kind;
  if (kind !== 'field') return KINDS[kind];
  return OWN.find((own) => own === name) ?? 'field';
}

/** Omits columns that have the same name in both. */
const KINDS = {
  matrix: 'axis',
  params: 'param',
  args: 'option',
  deps: 'dep',
  metrics: 'metric',
} as const;

const OWN = ['item', 'state', 'when', 'seconds', 'key'] as const;

function pageColumn(column: Column, name: string, rows: readonly ResultRow[]): PageColumn {
  const kind = kindOf(column);
  const isDigest = kind === 'key' || kind === 'code' || kind === 'dep';
  const values = rows.map((row) => {
    const value = column.of(row);
    if (isDigest) return value && String(value).replace(/^\w:/, '').slice(0, SHORT);
    return kind === 'metric' || kind === 'seconds' ? sixDigits(value as number | undefined) : value;
  });
  const numbers = isDigest ? [] : values.map(numberOf);
  const isNumeric =
    !isDigest && values.every((value, at) => value === undefined || numbers[at] !== null);
  return isNumeric ? { name, kind, cells: numbers } : { name, kind, ...textCells(values) };
}

function numberOf(value: string | number | undefined): number | null {
  if (typeof value === 'number') return value;
  return value !== undefined && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(value)
    ? Number(value)
    : null;
}

/** Each text once, and its index for each row. */
function textCells(values: readonly (string | number | undefined)[]) {
  const places = new Map<string, number>();
  const cells = values.map((value) => {
    if (value === undefined) return null;
    return getOrMake(places, String(value), () => places.size);
  });
  return { cells, texts: [...places.keys()] };
}
