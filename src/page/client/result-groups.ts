/** Axes as columns, and results that differ only in one axis or param as one row, as `pipe results --over`. */
import { repeats, spreadOf, spreadText } from '../../results/repeats.js';
import type { PageAxis, PageColumn, PageResults } from '../model.js';
import { isVaried } from './result-rows.js';

/** The columns of the results, and one for each axis of the matrix. */
export function withAxes(results: PageResults): readonly PageColumn[] {
  const item = results.columns.find(({ kind }) => kind === 'item');
  if (item === undefined) return results.columns;
  return [...results.columns, ...results.axes.map((axis) => axisColumn(axis, item))];
}

function axisColumn({ name, values }: PageAxis, { cells }: PageColumn): PageColumn {
  const isNumeric = values.every((value) => typeof value !== 'string');
  const texts = isNumeric ? undefined : [...new Set(values)].filter((each) => each !== null);
  const places = new Map(texts?.map((text, at) => [text, at]));
  const ofItem = values.map((value) =>
    value === null ? null : texts === undefined ? Number(value) : (places.get(value) ?? null),
  );
  return {
    name,
    kind: 'axis',
    cells: cells.map((place) => (place === null ? null : (ofItem[place] ?? null))),
    texts: texts?.map(String),
  };
}

/** What results may be averaged over: axes and params with several values. */
export function mayRepeat(columns: readonly PageColumn[], rows: readonly number[]): PageColumn[] {
  return columns.filter(
    (column) => (column.kind === 'axis' || column.kind === 'param') && isVaried(column, rows),
  );
}

export interface Averaged {
  readonly columns: readonly PageColumn[];
  /** Of each group, its newest result: the others have no cells. */
  readonly rows: readonly number[];
}

/** `rows`: oldest first. Their metrics become means with deviations. */
export function averaged(
  columns: readonly PageColumn[],
  rows: readonly number[],
  over: PageColumn,
): Averaged {
  const stage = stageColumn(columns);
  const apart = columns.filter(({ kind }) => ['axis', 'param', 'env', 'code'].includes(kind));
  const kept = apart.filter((column) => column !== over);
  const groups = repeats(
    rows.toReversed(),
    (row) => over.cells[row]?.toString(),
    (row) => [stage, ...kept].map(({ cells }) => cells[row] ?? '').join(),
  );
  const newest = groups.map(([row]) => row as number);
  const own = (valueIn: (group: readonly number[]) => number | null) => {
    const cells: (number | null)[] = new Array(over.cells.length).fill(null);
    for (const [at, group] of groups.entries()) cells[newest[at] as number] = valueIn(group);
    return cells;
  };
  const metrics = columns.filter(({ kind }) => kind === 'metric').map((each) => mean(each, groups));
  const count: PageColumn = { name: 'n', kind: 'count', cells: own((group) => group.length) };
  return {
    columns: [stage, count, ...kept.filter((each) => isVaried(each, newest)), ...metrics],
    rows: newest.toReversed(),
  };
}

/** An item's stage, in the place of its name. */
function stageColumn(columns: readonly PageColumn[]): PageColumn {
  const { cells = [], texts = [] } = columns.find(({ kind }) => kind === 'item') ?? {};
  const names = texts.map((text) => text.split('@', 1)[0] as string);
  const stages = [...new Set(names)];
  const places = names.map((name) => stages.indexOf(name));
  const ofRow = cells.map((place) => (place === null ? null : (places[place] ?? null)));
  return { name: 'stage', kind: 'item', cells: ofRow, texts: stages };
}

function mean({ name, kind, cells }: PageColumn, groups: readonly (readonly number[])[]) {
  const means: (number | null)[] = new Array(cells.length).fill(null);
  const spreads: string[] = [];
  for (const group of groups) {
    const [row = 0] = group;
    const { mean, sd, n } = spreadOf(group.flatMap((each) => cells[each] ?? []));
    means[row] = n === 0 ? null : mean;
    if (sd !== undefined) spreads[row] = spreadText(mean, sd);
  }
  return { name, kind, cells: means, spreads };
}
