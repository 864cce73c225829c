/** Rows of results → the columns of the page. */
import type { ResultRow } from '../results/results.js';
import type { PageColumn, PageResults, Tree } from './model.js';
import { rounded } from './page-epochs.js';

/** A recorded result, as far as the page shows it. */
export type ShownResult = Pick<
  ResultRow,
  'key' | 'item' | 'when' | 'seconds' | 'params' | 'args' | 'code' | 'deps' | 'metrics' | 'epoch'
> & { readonly state: string };

const DIGITS = { key: 12, dep: 10 } as const;

/** Oldest first, as the rows are. */
export function resultColumns(rows: readonly ShownResult[]): PageResults {
  const each = (part: (row: ShownResult) => object) => [
    ...new Set(rows.flatMap((row) => Object.keys(part(row)))),
  ];
  const columns: PageColumn[] = [
    textColumn('item', 'item', rows, ({ item }) => item),
    textColumn('state', 'state', rows, ({ state }) => state),
    { name: 'when', kind: 'when', cells: rows.map(({ when }) => Math.round(when)) },
    { name: 'seconds', kind: 'seconds', cells: rows.map(({ seconds }) => rounded(seconds)) },
    ...each(({ params }) => params).map((name) =>
      valueColumn(name, 'param', rows, ({ params }) => params[name]),
    ),
    ...each(({ args }) => args).map((name) =>
      valueColumn(name, 'param', rows, ({ args }) => args[name]),
    ),
    ...(rows.some(({ epoch }) => epoch !== undefined)
      ? [valueColumn('epoch', 'param', rows, ({ epoch }) => epoch)]
      : []),
    ...each(({ metrics }) => metrics)
      .sort()
      .map((name) => valueColumn(name, 'metric', rows, ({ metrics }) => rounded(metrics[name]))),
    textColumn('key', 'key', rows, ({ key }) => key.slice(0, DIGITS.key)),
    textColumn('code', 'code', rows, ({ code }) => code.slice(0, DIGITS.dep)),
    ...each(({ deps }) => deps).map((name) =>
      textColumn(`deps.${name}`, 'dep', rows, ({ deps }) => deps[name]?.slice(0, DIGITS.dep)),
    ),
  ];
  return { rows: rows.length, columns: withNamesApart(columns) };
}

/** A param and a metric may have the same name. */
function withNamesApart(columns: readonly PageColumn[]): PageColumn[] {
  const names = new Set<string>();
  return columns.map((column) => {
    const name = names.has(column.name) ? `${column.kind}.${column.name}` : column.name;
    names.add(name);
    return { ...column, name };
  });
}

type Kind = PageColumn['kind'];

/** Numbers where all values are numbers, or texts that are. */
function valueColumn(
  name: string,
  kind: Kind,
  rows: readonly ShownResult[],
  valueFor: (row: ShownResult) => Tree | undefined,
): PageColumn {
  const values = rows.map((row) => valueFor(row));
  const numbers = values.map(numberOf);
  const isNumeric = values.every((value, at) => value === undefined || numbers[at] !== null);
  if (isNumeric) return { name, kind, cells: numbers };
  return textColumn(name, kind, rows, (_row, at) => textOf(values[at]));
}

function numberOf(value: Tree | undefined): number | null {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(value)
    ? Number(value)
    : null;
}

function textOf(value: Tree | undefined): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function textColumn(
  name: string,
  kind: Kind,
  rows: readonly ShownResult[],
  textFor: (row: ShownResult, at: number) => string | undefined,
): PageColumn {
  const places = new Map<string, number>();
  const cells = rows.map((row, at) => {
    const text = textFor(row, at);
    if (text === undefined) return null;
    const place = places.get(text) ?? places.size;
    places.set(text, place);
    return place;
  });
  return { name, kind, cells, texts: [...places.keys()] };
}
