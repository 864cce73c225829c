/** Plots and pictures of earlier results, for comparison with those of today. */
import type { RecordedOut } from '../cache/records/record.js';
import type { Project } from '../decide/project.js';
import type { Item } from '../pipeline/plan.js';
import type { ResultRow } from '../results/all-results.js';
import type { PageItem, PageOlder } from './model.js';

/** The number of newest results. More would not fit on a screen. */
const MOST_OF_ITEM = 4;
const MOST_ITEMS = 100;

/** Collects the plots and pictures of a result. */
export type Take = (
  item: Item,
  outs: readonly RecordedOut[],
  isOlder: boolean,
) => Pick<PageOlder, 'plots' | 'pictures'>;

/** Earlier results by item, for the first items that have plots or pictures. `rows`: oldest first. */
export function olderOf(
  project: Project,
  items: readonly PageItem[],
  rows: readonly ResultRow[],
  take: Take,
): ReadonlyMap<string, readonly PageOlder[]> {
  const shown = items.filter(({ plots, pictures }) => (plots ?? pictures) !== undefined);
  const wanted = new Map(shown.slice(0, MOST_ITEMS).map((item) => [item.id, item.shown]));
  const byItem = new Map<string, ResultRow[]>();
  for (const row of rows) {
    if (!wanted.has(row.item)) continue;
    const own = byItem.get(row.item) ?? [];
    byItem.set(row.item, own);
    own.push(row);
  }
  const found = new Map<string, readonly PageOlder[]>();
  for (const item of project.plan.items) {
    const own = byItem.get(item.id) ?? [];
    const isShown = ({ key }: ResultRow) => key === wanted.get(item.id);
    const others = own.filter((row) => row.state !== 'removed' && !isShown(row));
    const older = others
      .slice(-MOST_OF_ITEM)
      .reverse()
      .map((row) => ({
        label: labelOf(row, own.find(isShown)),
        key: row.key,
        ...take(item, project.cache.readOuts(row.key) ?? [], true),
      }));
    if (older.length > 0) found.set(item.id, older);
  }
  return found;
}

/** In the local time zone, as the page writes it: `2026-01-31 09:05:07`. */
function secondOf(when: number): string {
  const date = new Date(when - new Date(when).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19).replace('T', ' ');
}

/** The params, also upstream, that differ from those of the shown result, else the time. */
function labelOf(row: ResultRow, shown: ResultRow | undefined): string {
  const others = { ...shown?.params, ...shown?.upstream };
  const differing = Object.entries({ ...row.params, ...row.upstream }).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(others[name]),
  );
  const texts = differing.map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  if (shown !== undefined && texts.length > 0) return texts.slice(0, 3).join(', ');
  return secondOf(row.when);
}
