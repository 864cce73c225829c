/** Tables that a stage names under `plots:`, as curves. */
import type { Cache } from '../cache/cache.js';
import type { RecordedOut } from '../cache/records/record.js';
import { digestOfMetric, plotFileOf } from '../decide/metric-files.js';
import type { Item, Plot } from '../pipeline/plan.js';
import { kindOfPlot } from '../pipeline/plot-kind.js';
import { MOST_READ } from '../sys/if-there.js';
import type { PagePlot } from './model.js';
import { sixDigits } from './page-epochs.js';
import { type Cell, tableIn } from './plot-table.js';

/** Undefined for an item without tables. `most`: limit for the points of a curve; absent: all. */
export function plotsOf(
  cache: Cache,
  item: Item,
  recorded: readonly RecordedOut[],
  most = Number.POSITIVE_INFINITY,
): readonly PagePlot[] | undefined {
  const tables = (item.plots ?? []).filter(({ path }) => kindOfPlot(path) === 'table');
  if (tables.length === 0) return undefined;
  return tables.map((plot) => {
    const { name, path } = plot;
    const found = tableOf(cache, item, plot, recorded);
    const drawn = typeof found === 'string' ? found : curvesOf(plot, found);
    if (typeof drawn === 'string')
      return { name, path, xName: '', x: [], curves: {}, rows: 0, problem: drawn };
    return { name, path, ...thinned(drawn, most) };
  });
}

type Columns = ReadonlyMap<string, readonly Cell[]>;

/** Returns a text with the reason if there is no table. */
function tableOf(
  cache: Cache,
  item: Item,
  plot: Plot,
  recorded: readonly RecordedOut[],
): Columns | string {
  const size = recorded.find(({ name }) => name === plot.out)?.size;
  if (size === undefined) return 'the item has no result yet';
  const digest = digestOfMetric(plotFileOf(plot, item), recorded, cache);
  if (digest === null) return `the result does not contain ${plot.path}`;
  const file = digest?.startsWith('f:') ? digest : undefined;
  if (file && (cache.storedSize(file) ?? 0) > MOST_READ)
    return `${plot.path} is larger than 64 MiB`;
  const bytes = file && cache.readStored(file);
  if (bytes === undefined) return `the cache does not have ${plot.path}`;
  return tableIn(bytes.toString('utf8'), plot.path);
}

type Drawn = Pick<PagePlot, 'xName' | 'x' | 'curves' | 'rows'>;

function curvesOf({ path, x: xName, y }: Plot, columns: Columns): Drawn | string {
  const absent = [xName, ...(y ?? [])].find((name) => name !== undefined && !columns.has(name));
  if (absent !== undefined)
    return `${path} has no column "${absent}": its columns are ${[...columns.keys()].join(', ')}`;
  const rows = [...columns.values()][0]?.length ?? 0;
  const numeric = (name: string) => columns.get(name)?.some((cell) => typeof cell === 'number');
  const isText = [xName, ...(y ?? [])].find((name) => name !== undefined && !numeric(name));
  if (isText !== undefined) return `the column "${isText}" of ${path} contains no numbers`;
  const drawn = y ?? [...columns.keys()].filter((name) => name !== xName && numeric(name));
  const places = xName === undefined ? undefined : columns.get(xName);
  const order = Array.from({ length: rows }, (_, row) => row);
  // A row whose x is not a number cannot be drawn.
  const kept = places ? order.filter((row) => typeof places[row] === 'number') : order;
  const at = (row: number) => (places ? (places[row] as number) : row + 1);
  return {
    xName: xName ?? 'row',
    x: kept.map(at),
    curves: Object.fromEntries(
      drawn.map((name) => {
        const cells = kept.map((row) => columns.get(name)?.[row]);
        return [name, cells.map((cell) => (typeof cell === 'number' ? cell : null))];
      }),
    ),
    rows,
  };
}

/** Evenly spaced points, including the first and the last one. */
function thinned(drawn: Drawn, most: number): Drawn {
  const { x, curves } = drawn;
  if (x.length <= most) return drawn;
  const kept = Array.from({ length: most }, (_, at) =>
    Math.round((at * (x.length - 1)) / (most - 1)),
  );
  const pick = (values: readonly (number | null)[]) =>
    kept.map((at) => sixDigits(values[at] ?? undefined) ?? null);
  return {
    ...drawn,
    x: kept.map((at) => sixDigits(x[at] as number)),
    curves: Object.fromEntries(Object.entries(curves).map(([name, y]) => [name, pick(y)])),
  };
}
