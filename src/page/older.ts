/** Plots and pictures of earlier results, for comparison with the current ones. */
import type { RecordedOut } from '../cache/records/record.js';
import type { Project } from '../decide/project.js';
import type { Item } from '../pipeline/plan.js';
import { localTime } from '../report/wording.js';
import type { ResultRow } from '../results/all-results.js';
import type { PageItem, PageOlder, PagePicture, PagePlot } from './model.js';

/** The number of newest results of an item with pictures. More would not fit on a screen. */
const MOST_PICTURED = 4;
const MOST_ITEMS = 100;
/** Numbers in the plots of all of them: about 1 MiB of text. */
const MOST_NUMBERS = 100_000;
/** What a result counts at least, because its tables have to be read. */
const LEAST_NUMBERS = 500;

/** Collects the plots and pictures of a result. */
export interface Taking {
  plots(item: Item, outs: readonly RecordedOut[]): readonly PagePlot[] | undefined;
  pictures(
    item: Item,
    outs: readonly RecordedOut[],
    isOlder: boolean,
  ): readonly PagePicture[] | undefined;
}

/**
 * Earlier results by item, the newest first, for the first items that have plots or pictures: as
 * many plots as there is room for, and pictures of the newest. `rows`: oldest first.
 */
export function olderOf(
  project: Project,
  items: readonly PageItem[],
  rows: readonly ResultRow[],
  take: Taking,
): ReadonlyMap<string, readonly PageOlder[]> {
  const { plan, cache } = project;
  const shown = items.filter(({ plots, pictures }) => (plots ?? pictures) !== undefined);
  const keys = new Map(shown.slice(0, MOST_ITEMS).map((item) => [item.id, item.shown]));
  const wanted = plan.items.filter(({ id }) => keys.has(id));
  const waiting = wanted.flatMap((item) => {
    const own = rows.filter((row) => row.item === item.id);
    const current = own.find(({ key }) => key === keys.get(item.id));
    const others = own.filter((row) => row.state !== 'removed' && row !== current).reverse();
    return others.length > 0 ? [{ item, current, others, older: [] as PageOlder[] }] : [];
  });
  let room = MOST_NUMBERS;
  const mostRounds = Math.max(0, ...waiting.map(({ others }) => others.length));
  // In turn, so that one item with many results does not take the room of the others.
  for (let round = 0; round < mostRounds; round++)
    for (const { item, current, others, older } of waiting) {
      const row = others[round];
      const hasPlots = item.plots !== undefined && room > 0;
      const hasPictures = round < MOST_PICTURED;
      if (row === undefined || !(hasPlots || hasPictures)) continue;
      const outs = cache.readOuts(row.key) ?? [];
      const plots = hasPlots ? take.plots(item, outs) : undefined;
      if (plots !== undefined) room -= Math.max(LEAST_NUMBERS, numbersIn(plots));
      const pictures = hasPictures ? take.pictures(item, outs, true) : undefined;
      older.push({ label: labelOf(row, current), key: row.key, plots, pictures });
    }
  return new Map(waiting.map(({ item, older }) => [item.id, older]));
}

function numbersIn(plots: readonly PagePlot[]): number {
  const sizes = plots.map(({ x, curves }) => x.length * (1 + Object.keys(curves).length));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The params, also upstream, that differ from those of the shown result, else the time. */
function labelOf(row: ResultRow, shown: ResultRow | undefined): string {
  const others = { ...shown?.params, ...shown?.upstream };
  const differing = Object.entries({ ...row.params, ...row.upstream }).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(others[name]),
  );
  const texts = differing.map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  if (shown !== undefined && texts.length > 0) return texts.slice(0, 3).join(', ');
  return localTime(row.when);
}
