/** Sorting and filtering of results: `--sort val.loss:desc`, `--filter "train.lr<0.01"`. Pure. */
import { userError } from '../error.js';
import type { ResultRow } from './row.js';
import { type Cell, type Column, columnNamed } from './row-columns.js';

type Test = (row: ResultRow) => boolean;

const COMPARE: Readonly<Record<string, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/**
 * `name op value`. A result without a value matches only `!=`.
 *
 * @throws UserError for another form, or an unknown name
 */
export function filterOf(text: string, columns: readonly Column[]): Test {
  const [, name = '', op = '', value = ''] =
    /^\s*(.+?)\s*(<=|>=|==|!=|=|<|>)\s*(.*?)\s*$/s.exec(text) ?? [];
  if (name === '' || value === '')
    throw userError(
      'filter-form',
      `--filter "${text}" is not a comparison`,
      'write name, operator (< <= > >= = !=) and value, as in --filter "train.lr<0.01"',
    );
  const column = columnNamed(columns, name);
  const compare = COMPARE[op];
  const wanted = column.name === 'when' && column.kind === 'field' ? moment(value) : value;
  if (compare !== undefined) {
    return (row) => {
      const cell = column.of(row);
      return cell !== undefined && isComparable(cell, wanted) && compare(order(cell, wanted));
    };
  }
  const isEqual = (row: ResultRow) => isSame(column, column.of(row), wanted);
  return op === '!=' ? (row) => !isEqual(row) : isEqual;
}

function moment(text: string): number {
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return at;
  throw userError('filter-form', `"${text}" is not a date`, 'write it as in 2026-01-31');
}

/** Text is not compared with a number, as in `lr<0.1` where one value of `lr` is "auto". */
function isComparable(cell: Cell, wanted: string | number): boolean {
  return isNumber(cell) === isNumber(wanted);
}

function isSame(column: Column, cell: Cell, wanted: string | number): boolean {
  if (cell === undefined) return false;
  if (isNumber(cell) && isNumber(wanted)) return Number(cell) === Number(wanted);
  // Digests are shown by their beginning.
  const isDigest = column.kind === 'deps' || column.name === 'key';
  return isDigest && String(wanted).length >= 4
    ? String(cell).replace(/^\w:/, '').startsWith(String(wanted))
    : String(cell) === String(wanted);
}

function isNumber(cell: Cell): boolean {
  return typeof cell === 'number' || (cell?.trim() !== '' && !Number.isNaN(Number(cell)));
}

function order(a: Cell, b: Cell): number {
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b);
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** `name`, `name:asc` or `name:desc`. Rows without the value come last, whatever the direction. */
export function sorted(
  rows: readonly ResultRow[],
  text: string,
  columns: readonly Column[],
): ResultRow[] {
  const [, name = '', direction] = /^(.*?)(?::(asc|desc))?$/s.exec(text) ?? [];
  const column = columnNamed(columns, name);
  const sign = direction === 'desc' ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [column.of(a), column.of(b)];
    if (left === undefined || right === undefined)
      return Number(left === undefined) - Number(right === undefined);
    return sign * order(left, right);
  });
}
