/** One comparison of a filter, such as `train.lr<0.01`, for `pipe results` and the page. Pure. */

export type Cell = string | number | undefined;

export interface Comparison {
  readonly name: string;
  readonly operator: string;
  readonly wanted: string;
}

const OPERATORS = '<=|>=|==|!=|=|<|>|~';
const COMPARISON = new RegExp(`^\\s*(.+?)\\s*(${OPERATORS})\\s*(.*?)\\s*$`, 's');
const SPACED = new RegExp(`\\s*(${OPERATORS})\\s*`, 'g');

/** Undefined for another form. */
export function comparisonIn(text: string): Comparison | undefined {
  const [, name = '', operator = '', written = ''] = COMPARISON.exec(text) ?? [];
  const wanted = written.replace(QUOTED, '$2');
  return name === '' || wanted === '' ? undefined : { name, operator, wanted };
}

const QUOTED = /^(["'])(.+)\1$/s;

/**
 * `a<1 b=c` or `a<1 and b=c`. A space or an `and` that does not join comparisons is a part of the
 * value.
 */
export function comparisonsIn(text: string): Comparison[] | undefined {
  for (const parts of [termsIn(text), text.split(/\s+(?:and|&&)\s+/i), [text]]) {
    const found = allOf(parts);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** True for `a<1 or a>2`, which is not a filter. */
export function hasOr(text: string): boolean {
  const parts = text.split(/\s+(?:or|\|\|)\s+/i);
  return parts.length > 1 && allOf(parts) !== undefined;
}

function allOf(parts: readonly string[]): Comparison[] | undefined {
  const whole = parts.length > 1 ? parts.filter(hasClosedQuotes) : parts;
  const found = whole.flatMap((part) => comparisonIn(part) ?? []);
  return found.length > 0 && found.length === parts.length ? found : undefined;
}

function hasClosedQuotes(text: string): boolean {
  return ['"', "'"].every((quote) => text.split(quote).length % 2 === 1);
}

/** `a < 1 and b=c d` → its terms, without the spaces around operators. */
export function termsIn(text: string): string[] {
  const terms = text
    .trim()
    .replace(SPACED, '$1')
    .split(/\s+(?:(?:and|&&)\s+)?/i);
  return terms.filter((term) => term !== '');
}

/** The titles of columns that are not titled by their name. */
export const PRINTED: Readonly<Record<string, string>> = {
  seconds: 'time',
  cpuSeconds: 'CPU',
  peakMemory: 'memory',
  bytes: 'size',
};

/**
 * All columns that a name may refer to: by whole name, by the last parts of the name, or by title. The
 * kind may come first: `params.lr`. On the page the kind is singular: `param.lr`.
 */
export function namesakes<Column extends { readonly name: string; readonly kind: string }>(
  columns: readonly Column[],
  name: string,
): Column[] {
  const [first = '', ...others] = name.split('.');
  const rest = others.join('.');
  const isKind = ({ kind }: Column) => rest !== '' && (kind === first || `${kind}s` === first);
  const tests: readonly ((column: Column) => boolean)[] = [
    (column) => column.name === name,
    (column) => isKind(column) && column.name === rest,
    (column) => column.name.endsWith(`.${name}`),
    (column) => isKind(column) && column.name.endsWith(`.${rest}`),
    (column) => PRINTED[column.name] === name,
  ];
  return tests.map((test) => columns.filter(test)).find((found) => found.length > 0) ?? [];
}

/** The type of a column's cells. A digest may be abbreviated, and a time written as a date. */
export type Content = 'value' | 'digest' | 'moment';

/** A cell without a value matches only `!=`. Returns a text with the reason if there is no test. */
export function testFor(
  { operator, wanted }: Comparison,
  content: Content,
): ((cell: Cell) => boolean) | string {
  const value = content === 'moment' ? Date.parse(wanted) : wanted;
  if (Number.isNaN(value)) return `"${wanted}" is not a date: write it as in 2026-01-31`;
  const low = wanted.toLowerCase();
  const same = (cell: Cell) => cell !== undefined && isSame(cell, value, content);
  const ordered = (holds: (order: number) => boolean) => (cell: Cell) =>
    // Does not compare text with a number, as in `lr<0.1` if one value of `lr` is "auto".
    cell !== undefined && isNumber(cell) === isNumber(value) && holds(order(cell, value));
  switch (operator) {
    case '<':
      return ordered((sign) => sign < 0);
    case '<=':
      return ordered((sign) => sign <= 0);
    case '>':
      return ordered((sign) => sign > 0);
    case '>=':
      return ordered((sign) => sign >= 0);
    case '~':
      return (cell) => cell !== undefined && String(cell).toLowerCase().includes(low);
    case '!=':
      return (cell) => !same(cell);
    default:
      return same;
  }
}

function isSame(cell: string | number, wanted: string | number, content: Content): boolean {
  if (content === 'digest' && String(wanted).length >= 4)
    return String(cell).replace(/^\w:/, '').startsWith(String(wanted));
  if (isNumber(cell) && isNumber(wanted)) return Number(cell) === Number(wanted);
  return String(cell) === String(wanted);
}

function isNumber(cell: string | number): boolean {
  return typeof cell === 'number' || (cell.trim() !== '' && !Number.isNaN(Number(cell)));
}

/** Compares numbers by value, even if they are texts. */
export function order(a: string | number, b: string | number): number {
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b);
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
