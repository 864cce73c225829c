/** Columns over rows of results: by name for sorting and filtering, and those that differ for a table. Pure. */
import { userError } from '../error.js';
import { isOnePer } from '../lists.js';
import { suggest } from '../pipeline/document/suggest.js';
import { type Cell, namesakes } from './comparison.js';
import type { ResultRow } from './row.js';

type Kind = 'field' | 'matrix' | 'params' | 'args' | 'env' | 'code' | 'deps' | 'metrics';
export interface Column {
  readonly name: string;
  readonly kind: Kind;
  readonly of: (row: ResultRow) => Cell;
}

const FIELDS = [
  'item',
  'stage',
  'state',
  'key',
  'when',
  'seconds',
  'cpuSeconds',
  'peakMemory',
  'bytes',
  'epoch',
] as const;

const GROUPS = ['matrix', 'params', 'args', 'env', 'deps', 'metrics'] as const;

/** All columns for which the rows have values, each group sorted by name. */
export function columnsOf(rows: readonly ResultRow[]): Column[] {
  const fields = FIELDS.map((name): Column => ({ name, kind: 'field', of: (row) => row[name] }));
  const code: Column = { name: 'code', kind: 'code', of: (row) => row.code };
  return [...fields, ...GROUPS.slice(0, 4).flatMap(group), code, ...GROUPS.slice(4).flatMap(group)];

  function group(kind: (typeof GROUPS)[number]): Column[] {
    const sources = kind === 'params' ? (['params', 'upstream'] as const) : ([kind] as const);
    const names = new Set<string>();
    for (const source of sources) {
      // Results of one command share its words.
      let last: object | undefined;
      for (const { [source]: values } of rows) {
        if (values !== last) for (const name in values) names.add(name);
        last = values;
      }
    }
    return [...names].sort(byNumber).map((name) => ({
      name,
      kind,
      of: (row) => {
        const source = sources.find((each) => Object.hasOwn(row[each], name));
        return source === undefined ? undefined : cellOf(row[source][name]);
      },
    }));
  }
}

export function titleOf({ kind, name }: Pick<Column, 'kind' | 'name'>): string {
  return kind === 'deps' || kind === 'env' ? `${kind}.${name}` : name;
}

/** The names that several columns have. */
export function sharedNames(columns: readonly Column[]): ReadonlySet<string> {
  const names = new Set<string>();
  const shared = new Set<string>();
  for (const { name } of columns) (names.has(name) ? shared : names).add(name);
  return shared;
}

const byNumber = new Intl.Collator('en', { numeric: true }).compare;

function cellOf(value: unknown): Cell {
  return typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value);
}

/**
 * The column that a name means: `train.lr`, `lr`, or `params.train.lr` if several columns have the
 * name.
 *
 * @throws UserError with the closest name, or with the full names of several columns
 */
export function columnNamed(
  columns: readonly Column[],
  name: string,
  what = 'a param or metric',
): Column {
  const found = namesakes(columns, name);
  const [first, second] = found;
  if (first === undefined) {
    const own = columns.filter(({ kind }) => kind === 'metrics' || kind === 'params');
    const names = new Set([...own, ...columns].map((column) => column.name));
    const hint = suggest(name, names, 'there are');
    throw userError('unknown-column', `no result has ${what} "${name}"`, hint);
  }
  if (second === undefined || first.kind === 'field') return first;
  const ways = found.map((column) => `${column.kind}.${column.name}`).join(' or ');
  throw userError('ambiguous-column', `"${name}" matches more than one column`, `write ${ways}`);
}

/**
 * Columns whose values differ among the rows. Omits columns that follow from the item, or repeat
 * another column. Always includes metrics.
 */
export function differing(columns: readonly Column[], rows: readonly ResultRow[]): Column[] {
  const shown: Column[] = [];
  for (const column of columns) {
    if (column.kind === 'field' || column.kind === 'matrix') continue;
    if (column.kind !== 'metrics') {
      const different = new Set(rows.map(column.of));
      if (different.size < 2) continue;
      // The stages upstream of an item have params that those of other items do not have.
      different.delete(undefined);
      const isOfItem = () => isOnePer(rows, ({ item }) => item, column.of);
      if ((column.kind !== 'params' || different.size < 2) && isOfItem()) continue;
      if (isFilled(column, rows)) continue;
    }
    shown.push(column);
  }
  return shown;
}

/** True for a word of the command that differs within a stage only because of the params and axes in it. */
export function isFilled({ kind, of }: Column, rows: readonly ResultRow[]): boolean {
  if (kind !== 'args') return false;
  const withNames = (row: ResultRow) => {
    const names = new Map(
      [...Object.entries(row.params), ...Object.entries(row.matrix)].map(([name, value]) => [
        String(cellOf(value)),
        name,
      ]),
    );
    // A command contains a number as written: 1e-3 for .001.
    const nameOf = (value: string) => names.get(value) ?? names.get(String(Number(value)));
    return String(of(row)).replace(VALUE, (value) => `\0${nameOf(value) ?? value}`);
  };
  return isOnePer(rows, ({ stage }) => stage, withNames);
}

/** A number or a word within an option of a command. */
const VALUE = /\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])|[a-z_]\w*/gi;
