/** `pipe results`: a table of every recorded result, and two of them side by side. */
import { show } from '../report/changes.js';
import type { Rows } from '../report/fit.js';
import { csvTable, markdownTable, plainTable } from '../report/text-table.js';
import { bytes, duration, localTime, plural } from '../report/wording.js';
import { type ResultRow, resultsOf } from '../results/all-results.js';
import { type Group, groupsOver } from '../results/over.js';
import { filterOf, sorted } from '../results/query.js';
import { spreadText } from '../results/repeats.js';
import { type Column, columnsOf, differing, sharedNames, titleOf } from '../results/row-columns.js';
import { rowsOf, SHORT } from '../results/select-rows.js';
import { positive } from './args.js';
import {
  type Command,
  type CommandContext,
  JSON_OPTION,
  VARIANT_OPTIONS,
  withProject,
} from './command.js';
import type { Parsed } from './command-usage.js';
import { METRIC_OPTION, metricAdvice, requireMetrics, wantedMetrics } from './metric-option.js';
import { resultsDiff } from './results-diff.js';
import { roomOn, type Terminal } from './terminal.js';

export const command: Command = {
  command: 'results',
  positionals: '[stage|item|pattern …] | diff <result> [result]',
  summary:
    'Lists every recorded result with the params that differ, its metrics, and its state, newest first.',
  options: [
    ...VARIANT_OPTIONS,
    {
      name: 'sort',
      value: 'name[:desc]',
      help: 'sort by a metric, a param, when or seconds (smallest first)',
    },
    {
      name: 'filter',
      value: 'comparison',
      multiple: true,
      help: 'only matching results, as in "train.lr<0.01 and state=kept" (repeatable: all must match)',
    },
    {
      name: 'over',
      value: 'name',
      help: 'one row for all results that differ only in this axis or param: mean ± standard deviation',
    },
    METRIC_OPTION,
    { name: 'usage', help: 'add the CPU time and the peak memory of the execution' },
    { name: 'limit', value: 'n', help: 'print only the first n rows' },
    { name: 'all', part: 'diff', help: 'with diff: include what is equal' },
    { name: 'md', help: 'print Markdown' },
    { name: 'csv', help: 'print CSV with all params and metrics' },
    JSON_OPTION,
  ],
  notes:
    'current  the result of the current key\nkept     another result in the cache\nremoved  gc removed its outs, and kept its metrics\n\nA comparison is a name, an operator (< <= > >= = !=, or ~ for contains) and a value. A name is a\nparam of the stage or of a stage upstream, a metric, a matrix axis, an option of the command\n(--rate), or one of item, stage, state, key, when, seconds, cpuSeconds, peakMemory, bytes, epoch\nor code. The last parts of a name are enough (lr for train.lr). If a param and a metric share a\nname, write params.x or metrics.x.',
  async run(parsed, context) {
    const [first, ...rest] = parsed.positionals;
    if (first === 'diff') await resultsDiff(parsed, context, rest);
    else await list(parsed, context);
  },
};

async function list(parsed: Parsed, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const limit = positive(parsed, 'limit');
  const rows = await withProject(parsed, context, async (project) =>
    rowsOf(project, await resultsOf(project, terminal.warn), parsed.positionals),
  );
  const sort = parsed.text('sort');
  if (rows.length === 0) {
    if (parsed.flag('json')) return terminal.json([]);
    return terminal.out('there are no results: `pipe run` records them\n');
  }
  const columns = columnsOf(rows);
  const isWanted = wantedColumns(parsed, columns);
  const tests = parsed.texts('filter').map((text) => filterOf(text, columns));
  const matching = rows.filter((row) => tests.every((test) => test(row)));
  if (parsed.text('over') !== undefined) {
    listGroups(parsed, context, matching, { columns, isWanted });
    return;
  }
  const ordered = sort === undefined ? matching.reverse() : sorted(matching, sort, columns);
  const shown = limit === undefined ? ordered : ordered.slice(0, limit);
  if (parsed.flag('json')) return terminal.json(shown.map((row) => jsonOf(row, isWanted)));
  const wanted = columns.filter(isWanted);
  if (parsed.flag('csv')) return terminal.out(csvTable(wholeTable(shown, wanted)));
  if (shown.length === 0)
    return terminal.out(`none of the ${plural(rows.length, 'result')} matches the filters\n`);
  // Compares all matching results, so that `--limit 1` still shows the params of the best one.
  const table = tableOf(shown, differing(wanted, matching), parsed.flag('usage'));
  const text = shownTable(table, parsed, terminal);
  terminal.out(text + metricAdvice(text, context));
}

type IsWanted = (column: Pick<Column, 'kind' | 'name'>) => boolean;

/**
 * True for the columns that `--metric` leaves: all but other metrics.
 *
 * @throws UserError when it matches no metric
 */
function wantedColumns(parsed: Parsed, columns: readonly Column[]): IsWanted {
  const isMetric = wantedMetrics(parsed);
  const names = columns.filter(({ kind }) => kind === 'metrics').map(({ name }) => name);
  requireMetrics(parsed, names);
  return ({ kind, name }) => kind !== 'metrics' || isMetric(name);
}

/** With `--over seed`, sorting and the limit apply to groups. Filters apply to single results. */
function listGroups(
  parsed: Parsed,
  { terminal }: CommandContext,
  rows: readonly ResultRow[],
  all: { readonly columns: readonly Column[]; readonly isWanted: IsWanted },
): void {
  const groups = groupsOver(rows, parsed.text('over') ?? '', all.columns);
  const columns = columnsOf(groups);
  const wanted = columns.filter(all.isWanted);
  const sort = parsed.text('sort');
  const ordered = sort === undefined ? groups : (sorted(groups, sort, columns) as Group[]);
  const shown = ordered.slice(0, positive(parsed, 'limit'));
  if (parsed.flag('json')) terminal.json(shown.map((group) => groupJson(group, all.isWanted)));
  else if (parsed.flag('csv')) {
    const measured = wanted.filter(({ kind }) => kind !== 'field');
    terminal.out(csvTable(groupTable(shown, measured, true)));
  } else if (shown.length === 0)
    terminal.out('no result that matches the filters has a value for it\n');
  else {
    const axes = columns.filter(
      ({ kind, of }) => kind === 'matrix' && new Set(groups.map(of)).size > 1,
    );
    const table = groupTable(shown, [...axes, ...differing(wanted, groups)], false);
    terminal.out(shownTable(table, parsed, terminal));
  }
}

function groupJson(group: Group, isWanted: IsWanted): object {
  const { stage, matrix, params, upstream, env, code, n, keys, spreads } = group;
  const metrics = wantedOf(spreads, isWanted);
  return { stage, matrix, params, upstream, env, code, n, keys, metrics };
}

function wantedOf<Value>(metrics: Readonly<Record<string, Value>>, isWanted: IsWanted) {
  const wanted = Object.entries(metrics).filter(([name]) => isWanted({ kind: 'metrics', name }));
  return Object.fromEntries(wanted);
}

function groupTable(
  groups: readonly Group[],
  columns: readonly Column[],
  isCsv: boolean,
): string[][] {
  return [
    ['stage', 'n', ...columns.flatMap((column) => titlesOf(column, isCsv))],
    ...groups.map((group) => [
      group.stage,
      String(group.n),
      ...columns.flatMap((column) => spreadTexts(column, group, isCsv)),
    ]),
  ];
}

function titlesOf(column: Column, isCsv: boolean): string[] {
  const title = titleOf(column);
  return isCsv && column.kind === 'metrics' ? [title, `${title} sd`] : [title];
}

/** `0.25 ± 0.031` for people, two columns for programs. */
function spreadTexts(column: Column, group: Group, isCsv: boolean): string[] {
  const isMetric = column.kind === 'metrics';
  const spread = isMetric ? group.spreads[column.name] : undefined;
  if (isCsv && isMetric) return [String(spread?.mean ?? ''), String(spread?.sd ?? '')];
  if (isCsv) return [String(column.of(group) ?? '')];
  if (spread === undefined) return [cellText(column, group)];
  const { mean, sd } = spread;
  return [sd === undefined ? show(mean) : spreadText(mean, sd)];
}

function shownTable(rows: Rows, parsed: Parsed, terminal: Terminal): string {
  return parsed.flag('md') ? markdownTable(rows) : plainTable(rows, roomOn(terminal));
}

function tableOf(
  rows: readonly ResultRow[],
  columns: readonly Column[],
  used: boolean,
): string[][] {
  const filled = columns.filter(({ of }) => rows.some((row) => of(row) !== undefined));
  // Digests come last, so that metrics follow the params that explain them.
  const isDigest = ({ kind }: Column) => kind === 'code' || kind === 'deps';
  const [values, digests] = [filled.filter((each) => !isDigest(each)), filled.filter(isDigest)];
  const usage = used ? ['CPU', 'memory'] : [];
  return [
    [
      ...['key', 'item', 'when', ...values.map(titleOf), 'time', ...usage, 'state'],
      ...digests.map(titleOf),
    ],
    ...rows.map((row) => [
      row.key.slice(0, SHORT),
      row.item,
      localTime(row.when).slice(0, -':07'.length),
      ...values.map((column) => cellText(column, row)),
      duration(row.seconds),
      ...(used ? usedBy(row) : []),
      row.state,
      ...digests.map((column) => cellText(column, row)),
    ]),
  ];
}

function usedBy({ cpuSeconds, peakMemory }: ResultRow): string[] {
  return [
    cpuSeconds === undefined ? '' : duration(cpuSeconds),
    peakMemory === undefined ? '' : bytes(peakMemory),
  ];
}

function cellText({ kind, of }: Column, row: ResultRow): string {
  const cell = of(row);
  // The part of a digest such as `f:1a2b…` that identifies it.
  if (kind === 'deps' && typeof cell === 'string') return cell.replace(/^\w:/, '').slice(0, SHORT);
  return show(cell);
}

/** For programs: all columns, except the words of the command that are equal everywhere. */
function wholeTable(rows: readonly ResultRow[], all: readonly Column[]): string[][] {
  const apart = new Set(differing(all, rows));
  const columns = all.filter((column) => column.kind !== 'args' || apart.has(column));
  const shared = sharedNames(columns);
  return [
    columns.map(({ kind, name }) => (shared.has(name) ? `${kind}.${name}` : name)),
    ...rows.map((row) =>
      columns.map(({ kind, name, of }) => {
        const cell = of(row);
        if (kind === 'field' && name === 'when') return new Date(row.when).toISOString();
        return cell === undefined ? '' : String(cell);
      }),
    ),
  ];
}

function jsonOf({ args: _args, ...row }: ResultRow, isWanted: IsWanted): object {
  const metrics = wantedOf(row.metrics, isWanted);
  return { ...row, metrics, when: new Date(row.when).toISOString() };
}
