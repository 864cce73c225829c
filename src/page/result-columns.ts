/** Rows of results → the columns of the page, named as `pipe results` names them. */
import { type Column, columnsOf } from '../results/columns.js';
import type { ResultRow } from '../results/results.js';
import type { PageColumn, PageResults } from './model.js';
import { rounded } from './page-epochs.js';

/** Of digests, what tells one from another. */
const SHORT = 12;

/** Rows in their order. */
export function resultColumns(rows: readonly ResultRow[]): PageResults {
  const all = columnsOf(rows).filter(isShown);
  const isOnly = (name: string) => all.filter((each) => each.name === name).length === 1;
  const columns = [...all.filter(isFirst), ...all.filter((each) => !isFirst(each))].map(
    (column) => {
      const isFree = column.kind === 'field' || isOnly(column.name);
      const name = isFree ? column.name : `${column.kind}.${column.name}`;
      return pageColumn(column, name, rows);
    },
  );
  return { rows: rows.length, columns };
}

/** The item's name has the stage and the matrix. */
function isShown({ kind, name }: Column): boolean {
  return kind !== 'matrix' && !(kind === 'field' && name === 'stage');
}

/** What a reader looks for comes before digests and sizes. */
function isFirst({ kind, name }: Column): boolean {
  if (kind === 'field') return ['item', 'state', 'when', 'seconds'].includes(name);
  return kind === 'params' || kind === 'metrics';
}

function kindOf({ kind, name }: Column): PageColumn['kind'] {
  if (kind === 'metrics') return 'metric';
  if (kind === 'code') return 'code';
  if (kind === 'deps') return 'dep';
  if (kind !== 'field') return 'param';
  return OWN.find((own) => own === name) ?? 'field';
}

const OWN = ['item', 'state', 'when', 'seconds', 'key'] as const;

function pageColumn(column: Column, name: string, rows: readonly ResultRow[]): PageColumn {
  const kind = kindOf(column);
  const isDigest = kind === 'key' || kind === 'code' || kind === 'dep';
  const values = rows.map((row) => {
    const value = column.of(row);
    if (isDigest) return value && String(value).replace(/^\w:/, '').slice(0, SHORT);
    return kind === 'metric' || kind === 'seconds' ? rounded(value as number | undefined) : value;
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

/** Each text once, and its place for each row. */
function textCells(values: readonly (string | number | undefined)[]) {
  const places = new Map<string, number>();
  const cells = values.map((value) => {
    if (value === undefined) return null;
    const text = String(value);
    const place = places.get(text) ?? places.size;
    places.set(text, place);
    return place;
  });
  return { cells, texts: [...places.keys()] };
}
