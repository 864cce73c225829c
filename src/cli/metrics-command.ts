/** `pipe metrics`: the metrics of every item, and their changes since another revision. */
import type { Project } from '../decide/project.js';
import {
  type Change,
  changesBetween,
  changesMarkdown,
  changesText,
  show,
} from '../report/changes.js';
import type { Rows } from '../report/fit.js';
import { markdownTable, plainTable } from '../report/text-table.js';
import { type Figures, lockedAt, metricsAt, metricsToday } from '../run/metrics-by-key.js';
import {
  type Command,
  type CommandContext,
  JSON_OPTION,
  VARIANT_OPTIONS,
  withProject,
} from './command.js';
import type { Parsed } from './command-usage.js';
import { standings } from './inspect-items.js';
import { curvesMarkdown, type Keys } from './metric-curves.js';
import { METRIC_OPTION, metricAdvice, requireMetrics, wantedMetrics } from './metric-option.js';
import { roomOn } from './terminal.js';

export const command: Command = {
  command: 'metrics',
  positionals: '[stage|item|pattern …] | diff [revision [revision]]',
  summary:
    'Prints the metrics of every item, or how they differ from those of a git revision (default: HEAD).',
  options: [
    ...VARIANT_OPTIONS,
    METRIC_OPTION,
    { name: 'all', part: 'diff', help: 'with diff: include what is equal' },
    { name: 'md', help: 'print Markdown; a diff has small curves over the epochs' },
    JSON_OPTION,
  ],
  notes:
    'The metrics are those of the pipeline that --profile and --set describe: from the record of each\nitem, else from pipeline.lock. A figure of another key is marked stale; `pipe status` says why.\nThe metrics of a revision are read from its pipeline.lock, without a checkout.',
  parts: [
    {
      name: 'diff',
      positionals: '[revision [revision]]',
      summary:
        'Prints which metrics differ from those of a git revision (default: HEAD), or between two revisions.',
      options: ['profile', 'set', 'metric', 'all', 'md', 'json'],
      notes: 'The metrics of a revision are read from its pipeline.lock, without a checkout.',
    },
  ],
  async run(parsed, context) {
    const [first, ...rest] = parsed.positionals;
    if (first === 'diff') await diff(parsed, context, rest);
    else await list(parsed, context);
  },
};

async function list(parsed: Parsed, context: CommandContext): Promise<void> {
  const { json, out } = context.terminal;
  const room = roomOn(context.terminal);
  const found = await withProject(parsed, context, async (project) =>
    metricsToday(project, parsed.positionals),
  );
  requireMetrics(parsed, namesOf(found));
  const shown = filtered(found, parsed);
  if (parsed.flag('json')) return json(asJson(shown));
  const stages = [...byStage(shown).values()].filter((items) => namesOf(items).length > 0);
  if (stages.length === 0) return out(`${withoutMetrics(found)}\n`);
  const asText = (rows: Rows) => (parsed.flag('md') ? markdownTable(rows) : plainTable(rows, room));
  const text = stages.map((items) => asText(rowsOf(items))).join('\n');
  out(text + metricAdvice(text, context));
}

/** Why there is nothing to print. */
function withoutMetrics(found: ReadonlyMap<string, Figures>): string {
  if (found.size === 0) return 'there are no metrics: name JSON outs under `metrics:`, and run';
  return 'the files under `metrics:` contain no finite numbers: run, or correct what the stages write';
}

async function diff(
  parsed: Parsed,
  context: CommandContext,
  [revision = 'HEAD', other]: readonly string[],
): Promise<void> {
  const isMarkdown = parsed.flag('md') && !parsed.flag('json');
  const { changes, curves } = await withProject(parsed, context, async (project) => {
    const before = await metricsAt(project, revision);
    const now =
      other === undefined ? await metricsToday(project, []) : await metricsAt(project, other);
    requireMetrics(parsed, [...namesOf(before), ...namesOf(now)]);
    const [a, b] = [filtered(before, parsed), filtered(now, parsed)];
    const changes: Change[] = [...new Set([...a.keys(), ...b.keys()])].flatMap((item) =>
      changesOf(item, a.get(item), b.get(item), parsed.flag('all')),
    );
    if (!isMarkdown) return { changes, curves: '' };
    const sides = { before: await keysAt(project, revision), now: await keysAt(project, other) };
    const items = new Set(changes.map(({ where }) => where));
    return { changes, curves: curvesMarkdown(project, items, sides, revision) };
  });
  const { terminal } = context;
  if (parsed.flag('json')) return terminal.json(changes);
  if (isMarkdown) return terminal.out(changesMarkdown(changes, 'metrics', revision) + curves);
  terminal.out(changesText(changes, 'metrics', revision, roomOn(terminal)));
}

/** Today's keys, if no revision is given. */
async function keysAt(project: Project, revision: string | undefined): Promise<Keys> {
  if (revision === undefined)
    return new Map((await standings(project, [])).map(({ item, key }) => [item, key]));
  return new Map([...(await lockedAt(project, revision))].map(([item, { key }]) => [item, key]));
}

/** Shows a stale metric even if it is equal, since it says nothing about the pipeline. */
function changesOf(
  item: string,
  before: Figures | undefined,
  now: Figures | undefined,
  all: boolean,
): Change[] {
  const isStale = now?.stale === true;
  const found = changesBetween(item, before?.numbers ?? {}, now?.numbers ?? {}, all || isStale);
  if (!isStale) return found;
  return found.map((change) => (change.now === undefined ? change : { ...change, stale: true }));
}

/**
 * By item, metrics by name, with `stale: true` for those of another key. A metric of that name is
 * written as `metrics.stale`.
 */
function asJson(shown: ReadonlyMap<string, Figures>): object {
  const measured = [...shown].filter(([, { numbers }]) => Object.keys(numbers).length > 0);
  return Object.fromEntries(
    measured.map(([item, { numbers, stale }]) => {
      const named = Object.entries(numbers).map(([name, number]) => [
        name === 'stale' ? 'metrics.stale' : name,
        number,
      ]);
      return [item, { ...Object.fromEntries(named), ...(stale && { stale }) }];
    }),
  );
}

function filtered(found: ReadonlyMap<string, Figures>, parsed: Parsed): Map<string, Figures> {
  if (parsed.texts('metric').length === 0) return new Map(found);
  const isWanted = wantedMetrics(parsed);
  return new Map(
    [...found]
      .map(([item, { numbers, stale }]) => {
        const kept = Object.entries(numbers).filter(([name]) => isWanted(name));
        return [item, { numbers: Object.fromEntries(kept), stale }] as const;
      })
      .filter(([, { numbers }]) => Object.keys(numbers).length > 0),
  );
}

function byStage(found: ReadonlyMap<string, Figures>): Map<string, Map<string, Figures>> {
  const stages = new Map<string, Map<string, Figures>>();
  for (const [item, figures] of found) {
    const stage = item.split('@', 1)[0] as string;
    stages.set(stage, (stages.get(stage) ?? new Map()).set(item, figures));
  }
  return stages;
}

function namesOf(items: ReadonlyMap<string, Figures>): string[] {
  return [...new Set([...items.values()].flatMap(({ numbers }) => Object.keys(numbers)))].sort();
}

/** Few items become columns; more items than metrics become rows. */
function rowsOf(items: ReadonlyMap<string, Figures>): Rows {
  const names = namesOf(items);
  const titles = [...items].map(([item, { stale }]) => (stale ? `${item} (stale)` : item));
  const columns = [...items.values()].map(({ numbers }) =>
    names.map((name) => show(numbers[name])),
  );
  if (items.size > names.length)
    return [['item', ...names], ...titles.map((title, at) => [title, ...(columns[at] ?? [])])];
  const rows = names.map((name, at) => [name, ...columns.map((column) => column[at] ?? '')]);
  return [['metric', ...titles], ...rows];
}
