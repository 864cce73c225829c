/** Results that differ only in one axis or param, such as a seed, as one row with means and deviations. Pure. */
import { canonical } from '../canonical.js';
import { userError } from '../error.js';
import { namesakes } from './comparison.js';
import { repeats, type Spread, spreadOf } from './repeats.js';
import type { ResultRow } from './row.js';
import { type Column, columnNamed } from './row-columns.js';

/** Its metrics are means. Fields of a single execution are those of the newest result. */
export interface Group extends ResultRow {
  readonly n: number;
  /** Keys of the results, the newest first. */
  readonly keys: readonly string[];
  readonly spreads: Readonly<Record<string, Spread>>;
}

/**
 * Groups with the same stage, axes, params (also upstream), variables and code except for `name`, in the order of
 * their newest result. Omits results without a value of `name`. Each value counts once, with its
 * newest result.
 *
 * @throws UserError for an unknown name, or one that is not an axis or a param
 */
export function groupsOver(
  rows: readonly ResultRow[],
  name: string,
  columns: readonly Column[],
): Group[] {
  const able = columns.filter(({ kind }) => kind === 'matrix' || kind === 'params');
  const others = namesakes(able, name).length === 0 ? namesakes(columns, name) : [];
  if (others[0] !== undefined)
    throw userError(
      'over-column',
      `--over ${name}: "${others[0].name}" is not an axis or a param`,
      'name an axis or a param that only repeats a result, as in --over seed',
    );
  const over = columnNamed(able, name, 'an axis or a param');
  const newestFirst = [...rows].sort((a, b) => b.when - a.when);
  const groups = repeats(
    newestFirst,
    (row) => {
      const { matrix, params, upstream } = row;
      const values = over.kind === 'matrix' ? matrix : { ...upstream, ...params };
      const value = values[over.name];
      return value === undefined ? undefined : canonical(value);
    },
    (row) => {
      const { stage, matrix, params, upstream, env, code } = without(row, over);
      return canonical({ stage, matrix, params, upstream, env, code });
    },
  );
  return groups.map((group) => groupOf(group, over));
}

function without(row: ResultRow, { kind, name }: Column): ResultRow {
  const rest = <Value>(values: Readonly<Record<string, Value>>) =>
    Object.fromEntries(Object.entries(values).filter(([each]) => each !== name));
  if (kind === 'matrix') return { ...row, matrix: rest(row.matrix) };
  return { ...row, params: rest(row.params), upstream: rest(row.upstream) };
}

function groupOf(rows: readonly ResultRow[], over: Column): Group {
  const newest = without(rows[0] as ResultRow, over);
  const names = new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)));
  const spreads: Record<string, Spread> = {};
  for (const name of names)
    spreads[name] = spreadOf(rows.flatMap(({ metrics }) => metrics[name] ?? []));
  return {
    ...newest,
    // Options and deps usually follow from the value that is averaged over.
    item: newest.stage,
    args: {},
    deps: {},
    metrics: Object.fromEntries(Object.entries(spreads).map(([name, { mean }]) => [name, mean])),
    n: rows.length,
    keys: rows.map(({ key }) => key),
    spreads,
  };
}
