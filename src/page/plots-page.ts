/** Data for the page of `pipe plots`: current plots, with those of earlier results or of a revision. */
import type { RecordedOut } from '../cache/records/record.js';
import type { Project } from '../decide/project.js';
import type { Item } from '../pipeline/plan.js';
import type { ResultRow } from '../results/all-results.js';
import { definitionOf, pageOf, taking } from './collect.js';
import type { PageItem, PageModel, PageOlder } from './model.js';
import { olderOf, type Taking } from './older.js';
import type { PictureSource } from './page-pictures.js';
import { resultColumns } from './result-columns.js';

/** An item with the outs that its plots are in. */
export interface Plotted {
  readonly item: Item;
  /** Key of its result. */
  readonly key: string | undefined;
  readonly outs: readonly RecordedOut[];
  readonly isStale: boolean;
}

/** The same plots elsewhere, such as in a revision: outs by item. */
export interface Other {
  readonly label: string;
  readonly outs: ReadonlyMap<string, readonly RecordedOut[]>;
}

/** `others`: earlier results, oldest first, or those of a revision. */
export function plotsPage(
  project: Project,
  plotted: readonly Plotted[],
  others: readonly ResultRow[] | Other,
  sourceOf: PictureSource,
): PageModel {
  const take = taking(project, sourceOf, true);
  const items = plotted.map(
    ({ item, key, outs, isStale }): PageItem => ({
      ...definitionOf(item),
      plots: take.plots(item, outs),
      pictures: take.pictures(item, outs, false),
      state: isStale ? 'stale' : 'fresh',
      shown: key,
      reasons: isStale ? ['the plots are those of an earlier result'] : [],
      needs: [],
      deps: [],
      outs: [],
      metrics: {},
    }),
  );
  const older =
    'label' in others ? ofRevision(plotted, others, take) : olderOf(project, items, others, take);
  return pageOf(project, {
    items: items.map((item) => ({ ...item, older: older.get(item.id) })),
    results: resultColumns([]),
    notes: [],
    only: 'plots',
  });
}

function ofRevision(
  plotted: readonly Plotted[],
  { label, outs }: Other,
  take: Taking,
): ReadonlyMap<string, readonly PageOlder[]> {
  return new Map(
    plotted.flatMap(({ item }) => {
      const own = outs.get(item.id);
      if (own === undefined) return [];
      const pictures = take.pictures(item, own, true);
      return [[item.id, [{ label, plots: take.plots(item, own), pictures }]] as const];
    }),
  );
}
