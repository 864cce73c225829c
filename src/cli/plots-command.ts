/** `pipe plots`: the plots of every item, and their changes since a revision. */
import type { RecordedOut } from '../cache/records/record.js';
import { digestOfMetric, plotFileOf } from '../decide/metric-files.js';
import type { Project } from '../decide/project.js';
import { plotsOf } from '../page/plots.js';
import type { Item } from '../pipeline/plan.js';
import { select } from '../pipeline/select.js';
import { plainTable } from '../report/text-table.js';
import { lockedAt } from '../run/metrics-by-key.js';
import { parse, type Usage } from './args.js';
import {
  type Command,
  type CommandContext,
  EXIT,
  JSON_OPTION,
  VARIANT_OPTIONS,
  withProject,
} from './command.js';
import { standings } from './inspect-items.js';
import { roomOn } from './terminal.js';

const usage: Usage = {
  command: 'plots',
  positionals: '[stage|item|pattern …] | diff [revision]',
  summary:
    'Prints the plots of every item, or which of them differ from those of a git revision (default: HEAD).',
  options: [...VARIANT_OPTIONS, JSON_OPTION],
  notes:
    'The plots are those of the result of today, else of the last execution, marked stale.\n--json prints the columns with their points. `pipe report` and `pipe ui` draw them.\nThe plots of a revision are read from the cache, by the outs in its pipeline.lock.',
  parts: [
    {
      name: 'diff',
      positionals: '[revision]',
      summary: 'Prints which plots differ from those of a git revision (default: HEAD).',
      options: ['profile', 'set', 'json'],
      notes: 'The plots of a revision are read from the cache, by the outs in its pipeline.lock.',
    },
  ],
};

export const command: Command = {
  usage,
  async run(argv, context) {
    const parsed = parse(usage, argv);
    const [first, revision = 'HEAD'] = parsed.positionals;
    await withProject(parsed, context, async (project) => {
      if (first === 'diff') await diff(project, revision, parsed.flag('json'), context);
      else await list(project, parsed.positionals, parsed.flag('json'), context);
    });
    return EXIT.done;
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

type ByPlot = ReadonlyMap<string, Shown>;

async function list(
  project: Project,
  targets: readonly string[],
  json: boolean,
  { terminal }: CommandContext,
): Promise<void> {
  const found = await plotsToday(project, targets);
  if (json) {
    const byItem = [...found].map(([item, plots]) => [item, Object.fromEntries(plots)]);
    return terminal.json(Object.fromEntries(byItem));
  }
  if (found.size === 0)
    return terminal.out('there are no plots: name tables or pictures under `plots:`, and run\n');
  const rows = [...found].flatMap(([item, plots]) =>
    [...plots].map(([name, shown]) => [item, name, shown.path, inWords(shown)]),
  );
  terminal.out(plainTable([['item', 'plot', 'file', 'content'], ...rows], roomOn(terminal)));
}

function inWords({ digest, stale, x, y, problem }: Shown): string {
  const text =
    problem ??
    (x && y && `${Object.keys(y).join(', ')} by ${x.name}, ${x.values.length} points`) ??
    (digest === undefined ? 'no result yet' : 'picture');
  return stale ? `${text} (stale)` : text;
}

async function plotsToday(
  project: Project,
  targets: readonly string[],
): Promise<Map<string, ByPlot>> {
  const { cache, plan } = project;
  const known = new Map((await standings(project, targets)).map((each) => [each.item, each.key]));
  const found = new Map<string, ByPlot>();
  for (const index of select(plan, targets)) {
    const item = plan.items[index] as Item;
    if (item.plots === undefined) continue;
    const key = known.get(item.id);
    const today = key === undefined ? undefined : cache.readOuts(key);
    found.set(
      item.id,
      plotsIn(project, item, today ?? cache.state.readLast(item.id)?.outs, !today),
    );
  }
  return found;
}

function plotsIn(
  { cache }: Project,
  item: Item,
  outs: readonly RecordedOut[] = [],
  stale = false,
): ByPlot {
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

async function diff(
  project: Project,
  revision: string,
  json: boolean,
  { terminal }: CommandContext,
): Promise<void> {
  const locked = await lockedAt(project, revision);
  const now = await plotsToday(project, []);
  const changes = project.plan.items.flatMap((item) => {
    const outs = Object.entries(locked.get(item.id)?.outs ?? {});
    const before = plotsIn(
      project,
      item,
      outs.map(([name, out]) => ({ name, ...out })),
    );
    return [...before].flatMap(([plot, old]) => {
      const fresh = now.get(item.id)?.get(plot);
      if (fresh === undefined || old.digest === fresh.digest) return [];
      return [{ item: item.id, plot, before: old, now: fresh }];
    });
  });
  if (json) return terminal.json(changes);
  if (changes.length === 0)
    return terminal.out(`no plot differs from that of ${revision}, as far as the cache has both\n`);
  const rows = changes.map(({ item, plot, before, now }) => [
    item,
    plot,
    inWords(before),
    inWords(now),
    differenceOf(before, now),
  ]);
  terminal.out(
    plainTable([['item', 'plot', revision, 'now', 'difference'], ...rows], roomOn(terminal)),
  );
}

/** By column, how many of the points of now are not those of before. */
function differenceOf(before: Shown, now: Shown): string {
  if (before.digest === undefined || now.digest === undefined) return '';
  if (before.y === undefined || now.y === undefined) return 'other bytes';
  const parts = Object.entries(now.y).flatMap(([name, values]) => {
    const old = before.y?.[name];
    if (old === undefined) return [`${name} is new`];
    const moved = values.filter(
      (value, at) => value !== old[at] || now.x?.values[at] !== before.x?.values[at],
    ).length;
    return moved === 0 ? [] : [`${name}: ${moved} of ${values.length} points`];
  });
  return parts.join(', ') || 'no drawn point of now';
}
