/** Sorting and filtering of results: `--sort val.loss:desc`, `--filter "train.lr<0.01"`. Pure. */
import { userError } from '../error.js';
import { type Comparison, comparisonsIn, hasOr, namesakes, order, testFor } from './comparison.js';
import type { ResultRow } from './row.js';
import { type Column, columnNamed } from './row-columns.js';

type Test = (row: ResultRow) => boolean;

/**
 * `name op value`, or several joined by spaces or `and`.
 *
 * @throws UserError for another form, or an unknown name
 */
export function filterOf(text: string, columns: readonly Column[]): Test {
  if (hasOr(text))
    throw userError(
      'filter-form',
      `--filter "${text}" has an "or", and filters only join by "and"`,
      'run pipe results once for each alternative; quotes enclose a value that contains "or"',
    );
  const comparisons = comparisonsIn(text);
  if (comparisons === undefined)
    throw userError(
      'filter-form',
      `--filter "${text}" is not a comparison`,
      'write name, operator (< <= > >= = != ~) and value, as in --filter "train.lr<0.01"',
    );
  const tests = comparisons.map((comparison) => testOf(comparison, columns));
  return (row) => tests.every((test) => test(row));
}

function testOf(comparison: Comparison, columns: readonly Column[]): Test {
  const { kind, name, of } = columnNamed(columns, comparison.name);
  const isDigest = kind === 'deps' || kind === 'code' || (kind === 'field' && name === 'key');
  const isMoment = kind === 'field' && name === 'when';
  const test = testFor(comparison, isMoment ? 'moment' : isDigest ? 'digest' : 'value');
  if (typeof test === 'string')
    throw userError('filter-form', ...(test.split(': ') as [string, string]));
  return (row) => test(of(row));
}

/** `name`, `name:asc` or `name:desc`, also with a space. Rows without the value come last in both directions. */
export function sorted(
  rows: readonly ResultRow[],
  text: string,
  columns: readonly Column[],
): ResultRow[] {
  const [, name = '', direction] = /^(.*?)(?:[: ](asc|desc))?$/is.exec(text) ?? [];
  const column = sortColumn(columns, name);
  const sign = direction?.toLowerCase() === 'desc' ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [column.of(a), column.of(b)];
    if (left === undefined || right === undefined)
      return Number(left === undefined) - Number(right === undefined);
    return sign * order(left, right);
  });
}

/** An option of a command may begin with `-`, as in `--rate`. */
function sortColumn(columns: readonly Column[], name: string): Column {
  const [, plain = ''] = /^-([^-].*)$/s.exec(name) ?? [];
  if (namesakes(columns, name).length > 0 || namesakes(columns, plain).length === 0)
    return columnNamed(columns, name);
  throw userError(
    'unknown-column',
    `no result has a param or metric "${name}"`,
    `write --sort ${plain}:desc to sort from large to small`,
  );
}
