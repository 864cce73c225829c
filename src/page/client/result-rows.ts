/** The table of results: its cells, order and filter. Rows are numbers, so that 10,000 of them cost little. */
import type { PageColumn, PageResults } from '../model.js';
import { duration, number, time } from './format-values.js';

export function cellText({ kind, cells, texts }: PageColumn, row: number): string {
  const cell = cells[row] ?? null;
  if (cell === null) return kind === 'metric' ? '–' : '';
  if (texts !== undefined) return texts[cell] ?? '';
  if (kind === 'when') return time(cell);
  if (kind === 'seconds') return duration(cell);
  return number(cell);
}

/** True when its cells are numbers that can be drawn. */
export function isNumeric({ texts, kind }: PageColumn): boolean {
  return texts === undefined && kind !== 'key';
}

/** Number of different values, up to two. */
export function isVaried({ cells }: PageColumn, rows: readonly number[]): boolean {
  const [first] = rows;
  return rows.some((row) => cells[row] !== cells[first as number]);
}

/** The rows by a column; what has no value comes last in both directions. */
export function ordered(
  rows: readonly number[],
  { cells, texts }: PageColumn,
  isDescending: boolean,
): number[] {
  const rank = texts && ranks(texts);
  const sign = isDescending ? -1 : 1;
  const last = Number.POSITIVE_INFINITY;
  const values = Float64Array.from(cells, (cell) =>
    cell === null ? last : sign * (rank === undefined ? cell : (rank[cell] as number)),
  );
  const value = (row: number) => values[row] as number;
  // Rows without a value are equal: their difference is not a number.
  return rows.toSorted((a, b) => value(a) - value(b) || a - b);
}

function ranks(texts: readonly string[]): number[] {
  const compare = new Intl.Collator('en', { numeric: true }).compare;
  const order = texts.map((_, at) => at).sort((a, b) => compare(texts[a] ?? '', texts[b] ?? ''));
  const found: number[] = new Array(texts.length);
  for (const [place, at] of order.entries()) found[at] = place;
  return found;
}

export type Test = (row: number) => boolean;

const TERM = /^(.+?)(<=|>=|!=|==|=|<|>|~)(.*)$/s;

/**
 * `train.lr<0.01 state=kept faces`: each term must hold. A term without an operator is a part of the
 * item's name. `~` asks for a part of a text.
 *
 * @throws Error with the reason, which the page shows
 */
export function filterOf(results: PageResults, text: string): Test {
  const terms = text
    .trim()
    .split(/\s+(?:and\s+)?/i)
    .filter((term) => term !== '');
  const tests = terms.map((term) => testOf(results, term));
  return (row) => tests.every((test) => test(row));
}

function testOf({ columns }: PageResults, term: string): Test {
  const [, name, operator, wanted] = TERM.exec(term) ?? [];
  if (name === undefined || operator === undefined || wanted === undefined) {
    const item = columns.find(({ kind }) => kind === 'item');
    return item === undefined ? () => true : textTest(item, '~', term);
  }
  const column = columnNamed(columns, name);
  const isText = operator === '~' || column.texts !== undefined;
  if (isText && '<>'.includes(operator[0] as string) && column.texts !== undefined)
    return numberTest(numbersIn(column), operator, numberIn(wanted, term));
  if (isText) return textTest(column, operator, wanted);
  const value = column.kind === 'when' ? Date.parse(wanted) : numberIn(wanted, term);
  return numberTest(column.cells, operator, value);
}

function columnNamed(columns: readonly PageColumn[], name: string): PageColumn {
  const exact = columns.find((column) => column.name === name);
  if (exact !== undefined) return exact;
  const ending = columns.filter((column) => column.name.endsWith(`.${name}`));
  if (ending.length === 1) return ending[0] as PageColumn;
  if (ending.length > 1)
    throw new Error(`${name} is several: ${ending.map((column) => column.name).join(', ')}`);
  throw new Error(`there is no column ${name}`);
}

function numberIn(text: string, term: string): number {
  const value = text === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) throw new Error(`${term}: not a number on the right`);
  return value;
}

/** Numbers among the texts of a mixed column. */
function numbersIn({ cells, texts = [] }: PageColumn): (number | null)[] {
  const values = texts.map((text) => (text === '' ? Number.NaN : Number(text)));
  return cells.map((cell) => {
    const value = cell === null ? Number.NaN : (values[cell] ?? Number.NaN);
    return Number.isNaN(value) ? null : value;
  });
}

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
};

function numberTest(cells: PageColumn['cells'], operator: string, wanted: number): Test {
  const compare = COMPARE[operator] as (a: number, b: number) => boolean;
  return (row) => {
    const cell = cells[row] ?? null;
    return cell !== null && compare(cell, wanted);
  };
}

/** Of a column of texts, each text is compared once. */
function textTest(column: PageColumn, operator: string, wanted: string): Test {
  const { kind } = column;
  const low = wanted.toLowerCase();
  const holds = (text: string) =>
    operator === '~'
      ? text.toLowerCase().includes(low)
      : (kind === 'key' ? text.startsWith(wanted) : text === wanted) === (operator !== '!=');
  const { texts, cells } = column;
  if (texts === undefined) return (row) => holds(cellText(column, row));
  const known = texts.map(holds);
  const none = holds('');
  return (row) => {
    const cell = cells[row] ?? null;
    return cell === null ? none : (known[cell] ?? false);
  };
}
