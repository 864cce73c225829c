/** `pipe plots`: the plots of every item, and their changes since a revision. */
import type { RecordedOut } from '../cache/records/record.js';
import { digestOfMetric, plotFileOf } from '../decide/metric-files.js';
import type { Project } from '../decide/project.js';
import { plotsOf } from '../page/plots.js';
import { type Plotted, plotsPage } from '../page/plots-page.js';
import type { Item } from '../pipeline/plan.js';
import { select } from '../pipeline/select.js';
import { plainTable } from '../report/text-table.js';
import { plural } from '../report/wording.js';
import { resultsOf } from '../results/all-results.js';
import { lockedAt } from '../run/metrics-by-key.js';
import {
  type Command,
  type CommandContext,
  EXIT,
  JSON_OPTION,
  VARIANT_OPTIONS,
  withProject,
} from './command.js';
import type { Parsed } from './command-usage.js';
import { standings } from './inspect-items.js';
import { outOption, type PageFile, pageFile, writePage } from './page-file.js';
import { roomOn } from './terminal.js';

const DEFAULT = 'cache/plots.html';

export const command: Command = {
  command: 'plots',
  positionals: '[stage|item|pattern …] | diff [revision]',
  summary:
    'Prints the plots of every item, or the plots that differ from those of a git revision (default: HEAD), and writes a page that draws them.',
  options: [outOption(DEFAULT), ...VARIANT_OPTIONS, JSON_OPTION],
  notes:
    'The plots of an item are those of the result of its current key. Without one, they are those of its\nlast execution, marked stale. The page draws plots of the same name in one chart, with those of earlier\nresults. --json prints the columns with their points, and writes no page. The plots of a revision\nare read from the cache, by the outs in its pipeline.lock.',
  parts: [
    {
      name: 'diff',
      positionals: '[revision]',
      summary:
        'Prints which plots differ from those of a git revision (default: HEAD), and writes a page that draws both.',
      options: ['out', 'profile', 'set', 'json'],
      notes: 'The plots of a revision are read from the cache, by the outs in its pipeline.lock.',
    },
  ],
  async run(parsed, context) {
    const [first, revision = 'HEAD'] = parsed.positionals;
    const page = await withProject(parsed, context, async (project) => {
      if (first === 'diff') return diff(project, revision, parsed, context);
      return list(project, parsed, context);
    });
    return page === undefined || writePage(page, context) ? EXIT.done : EXIT.failed;
  },
};

/** A plot of one result. */
interface Shown {
  readonly path: string;
  /** Absent without a result. */
  readonly digest?: string | undefined;
  readonly stale?: true;
  readonly x?: { readonly name: string; readonly values: readonly number[] };
  readonly y?: Readonly<Record<string, readonly (number | null)[]>>;
  /** Why a table has no columns. */
  readonly problem?: string;
}

interface Drawn extends Plotted {
  readonly plots: ReadonlyMap<string, Shown>;
}

async function list(
  project: Project,
  parsed: Parsed,
  context: CommandContext,
): Promise<PageFile | undefined> {
  const { terminal } = context;
  const found = await plotsToday(project, parsed.positionals);
  if (parsed.flag('json')) {
    const byItem = found.map(({ item, plots }) => [item.id, Object.fromEntries(plots)]);
    terminal.json(Object.fromEntries(byItem));
    return undefined;
  }
  if (found.length === 0) {
    terminal.out('there are no plots: name tables or pictures under `plots:`, and run\n');
    return undefined;
  }
  const rows = found.flatMap(({ item, plots }) =>
    [...plots].map(([name, shown]) => [item.id, name, shown.path, inWords(shown)]),
  );
  terminal.out(plainTable([['item', 'plot', 'file', 'content'], ...rows], roomOn(terminal)));
  const earlier = await resultsOf(project, terminal.warn);
  return pageFile(project, context, parsed, DEFAULT, (sourceOf) =>
    plotsPage(project, found, earlier, sourceOf),
  );
}

function inWords({ digest, stale, x, y, problem }: Shown): string {
  const text =
    problem ??
    (x && y && `${Object.keys(y).join(', ')} by ${x.name}, ${plural(x.values.length, 'point')}`) ??
    (digest === undefined ? 'no result yet' : 'picture');
  return stale ? `${text} (stale)` : text;
}

async function plotsToday(project: Project, targets: readonly string[]): Promise<Drawn[]> {
  const { cache, plan } = project;
  const known = new Map((await standings(project, targets)).map((each) => [each.item, each.key]));
  return select(plan, targets)
    .map((index) => plan.items[index] as Item)
    .filter(({ plots }) => plots !== undefined)
    .map((item) => {
      const key = known.get(item.id);
      const today = key === undefined ? undefined : cache.readOuts(key);
      const last = today === undefined ? cache.state.readLast(item.id) : undefined;
      const outs = today ?? last?.outs ?? [];
      const isStale = last !== undefined;
      const plots = plotsIn(project, item, outs, isStale);
      return { item, key: last?.key ?? key, outs, isStale, plots };
    });
}

function plotsIn(
  { cache }: Project,
  item: Item,
  outs: readonly RecordedOut[],
  stale = false,
): Drawn['plots'] {
  const tables = new Map(plotsOf(cache, item, outs)?.map((table) => [table.name, table]));
  return new Map(
    (item.plots ?? []).map((plot) => {
      const { x = [], xName = '', curves = {}, problem } = tables.get(plot.name) ?? {};
      const digest = digestOfMetric(plotFileOf(plot, item), outs, cache) ?? undefined;
      const isTable = tables.has(plot.name) && problem === undefined;
      const shown: Shown = {
        path: plot.path,
        ...(digest !== undefined && { digest }),
        ...(stale && digest !== undefined && { stale }),
        ...(isTable && { x: { name: xName, values: x }, y: curves }),
        ...(problem !== undefined && { problem }),
      };
      return [plot.name, shown];
    }),
  );
}

interface Changed {
  readonly item: string;
  readonly plot: string;
  readonly before: Shown;
  readonly now: Shown;
}

async function diff(
  project: Project,
  revision: string,
  parsed: Parsed,
  context: CommandContext,
): Promise<PageFile | undefined> {
  const { terminal } = context;
  const locked = await lockedAt(project, revision);
  const found = await plotsToday(project, []);
  const outs = new Map(
    [...locked].map(([item, block]) => [
      item,
      Object.entries(block.outs).map(([name, out]) => ({ name, ...out })),
    ]),
  );
  const changes = found.flatMap(({ item, plots }): Changed[] =>
    [...plotsIn(project, item, outs.get(item.id) ?? [])].flatMap(([plot, before]) => {
      const now = plots.get(plot);
      if (now === undefined || before.digest === now.digest) return [];
      return [{ item: item.id, plot, before, now }];
    }),
  );
  if (parsed.flag('json')) terminal.json(changes);
  else if (changes.length === 0)
    terminal.out(`no plot differs from ${revision}, among those that the cache has for both\n`);
  else terminal.out(plainTable(tableOf(changes, revision), roomOn(terminal)));
  if (parsed.flag('json') || changes.length === 0) return undefined;
  const changed = new Set(changes.map(({ item }) => item));
  const drawn = found.filter(({ item }) => changed.has(item.id));
  return pageFile(project, context, parsed, DEFAULT, (sourceOf) =>
    plotsPage(project, drawn, { label: revision, outs }, sourceOf),
  );
}

function tableOf(changes: readonly Changed[], revision: string): string[][] {
  return [
    ['item', 'plot', revision, 'now', 'difference'],
    ...changes.map(({ item, plot, before, now }) => [
      item,
      plot,
      inWords(before),
      inWords(now),
      differenceOf(before, now),
    ]),
  ];
}

/** By column, how many of the current points differ from the earlier ones. */
function differenceOf(before: Shown, now: Shown): string {
  if (before.digest === undefined || now.digest === undefined) return '';
  if (before.y === undefined || now.y === undefined) return 'other bytes';
  const parts = Object.entries(now.y).flatMap(([name, values]) => {
    const old = before.y?.[name];
    if (old === undefined) return [`${name} is new`];
    const moved = values.filter(
      (value, at) => value !== old[at] || now.x?.values[at] !== before.x?.values[at],
    ).length;
    return moved === 0 ? [] : [`${name}: ${moved} of ${plural(values.length, 'point')}`];
  });
  return parts.join(', ') || 'the drawn points are the same';
}
