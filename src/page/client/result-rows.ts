/** The table of results: its cells, order and filter. Rows are numbers, so that 10,000 of them cost little. */
import { firstIndex, isOnePer } from '../../lists.js';
import { comparisonIn, namesakes, PRINTED, termsIn, testFor } from '../../results/comparison.js';
import type { PageColumn } from '../model.js';
import { bytes, duration, number, time } from './format-values.js';

export function cellText(column: PageColumn, row: number): string {
  const { name, kind, cells, texts, spreads } = column;
  const cell = cells[row] ?? null;
  if (cell === null) return kind === 'metric' ? '–' : '';
  if (texts !== undefined) return texts[cell] ?? '';
  if (kind === 'when') return time(cell);
  if (kind === 'seconds' || isUsage(kind, name, ['cpuSeconds'])) return duration(cell);
  if (isUsage(kind, name, ['peakMemory', 'bytes'])) return bytes(cell);
  return spreads?.[row] ?? number(cell);
}

export function hasValue({ cells }: PageColumn, row: number): boolean {
  return (cells[row] ?? null) !== null;
}

/** The text of its header. */
export function titleOf({ kind, name }: PageColumn): string {
  return kind === 'field' || kind === 'seconds' ? (PRINTED[name] ?? name) : name;
}

/** What an execution used, which differs each time. */
const USAGE = ['cpuSeconds', 'peakMemory', 'bytes'];

export function isUsage(kind: PageColumn['kind'], name: string, which = USAGE): boolean {
  return kind === 'field' && which.includes(name);
}

/** What a person chose, and what follows from it: params, axes, options and variables. */
export function isSetting({ kind }: PageColumn): boolean {
  return ['axis', 'param', 'option', 'env'].includes(kind);
}

/** A param such as a learning rate may span orders of magnitude. */
export function mayBeLog(column: PageColumn): boolean {
  return isSetting(column) && column.texts === undefined;
}

/** True when its cells are numbers that can be drawn. */
export function isNumeric({ texts, kind }: PageColumn): boolean {
  return texts === undefined && kind !== 'key';
}

/** True if two rows have different values. */
export function isVaried({ cells }: PageColumn, rows: readonly number[]): boolean {
  const [first] = rows;
  return rows.some((row) => cells[row] !== cells[first as number]);
}

/** True if the values differ, but not only because the items do: as `differing` in row-columns.ts. */
export function differs(
  column: PageColumn,
  all: readonly PageColumn[],
  rows: readonly number[],
): boolean {
  const value = (row: number) => column.cells[row] ?? null;
  if (!isVaried(column, rows)) return false;
  const filled = rows.filter((row) => hasValue(column, row));
  if (column.kind === 'param' && isVaried(column, filled)) return true;
  const item = all.find(({ kind }) => kind === 'item');
  return !isOnePer(rows, (row) => item?.cells[row], value);
}

/** The item and the key of a row. */
export function nameIn(columns: readonly PageColumn[], row: number): string {
  const of = (kind: PageColumn['kind']) => columns.find((column) => column.kind === kind);
  const [item, key] = [of('item'), of('key')];
  return [item, key].flatMap((each) => (each ? cellText(each, row) : [])).join(' ');
}

/** More of them do not fit beside a line of a chart. */
const MOST_SETTINGS = 4;

/** `lr 0.1, model.width 2, and 3 more`: the table has all. */
export function settingsIn(columns: readonly PageColumn[], row: number): string {
  const filled = columns.filter((each) => hasValue(each, row));
  const shown = filled.slice(0, MOST_SETTINGS).map((each) => `${each.name} ${cellText(each, row)}`);
  const more = filled.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

/** The rows, given in ascending order, by a column; what has no value comes last in both directions. */
export function ordered(
  rows: readonly number[],
  { cells, texts }: PageColumn,
  isDescending: boolean,
): number[] {
  const rank = texts && ranks(texts);
  const sign = isDescending ? -1 : 1;
  const values = new Float64Array(rows.length);
  for (const [at, row] of rows.entries()) {
    const cell = cells[row] ?? null;
    const value = cell === null || rank === undefined ? cell : (rank[cell] as number);
    values[at] = value === null ? Number.POSITIVE_INFINITY : sign * value;
  }
  // Without a function that compares, numbers are sorted several times as fast.
  const sorted = values.slice().sort();
  const taken = new Uint32Array(rows.length);
  const found: number[] = new Array(rows.length);
  for (const [at, row] of rows.entries()) {
    const place = firstIndex(sorted.length, (index) => sorted[index]! < values[at]!);
    found[place + (taken[place] as number)] = row;
    taken[place] = (taken[place] as number) + 1;
  }
  return found;
}

function ranks(texts: readonly string[]): number[] {
  const compare = new Intl.Collator('en', { numeric: true }).compare;
  const order = texts.map((_, at) => at).sort((a, b) => compare(texts[a] ?? '', texts[b] ?? ''));
  const found: number[] = new Array(texts.length);
  for (const [place, at] of order.entries()) found[at] = place;
  return found;
}

export type Test = (row: number) => boolean;

/**
 * `train.lr<0.01 state=kept faces`: each term must hold. A term without an operator is a part of the
 * item's name.
 *
 * @throws Error with the reason, which the page shows
 */
export function filterOf(columns: readonly PageColumn[], text: string): Test {
  const tests = termsIn(text).map((term) => testOf(columns, term));
  return (row) => tests.every((test) => test(row));
}

function testOf(columns: readonly PageColumn[], term: string): Test {
  const comparison = comparisonIn(term) ?? { name: 'item', operator: '~', wanted: term };
  const column = columnNamed(columns, comparison.name);
  const { cells, texts, kind } = column;
  const isDigest = kind === 'key' || kind === 'code' || kind === 'dep';
  const test = testFor(comparison, kind === 'when' ? 'moment' : isDigest ? 'digest' : 'value');
  if (typeof test === 'string') throw new Error(test);
  if (texts === undefined) return (row) => test(cells[row] ?? undefined);
  // Each text is compared once.
  const known = texts.map(test);
  const none = test(undefined);
  return (row) => {
    const cell = cells[row] ?? null;
    return cell === null ? none : (known[cell] ?? false);
  };
}

function columnNamed(columns: readonly PageColumn[], name: string): PageColumn {
  const found = namesakes(columns, name);
  const [first, second] = found;
  if (first === undefined) throw new Error(`there is no column ${name}`);
  if (second === undefined) return first;
  throw new Error(
    `${name} matches several columns: ${found.map((column) => column.name).join(', ')}`,
  );
}
