/** `pipe epochs`: the chain of an incremental item, epoch by epoch. */
import type { EpochRecord, RunRecord } from '../cache/records/record.js';
import { drawnMetric } from '../decide/drawn-metric.js';
import { metricAt, stopEpoch } from '../decide/incremental.js';
import { inspection } from '../decide/inspection.js';
import { predict } from '../decide/prediction.js';
import type { Project } from '../decide/project.js';
import { userError } from '../error.js';
import { chainManifest, keyOf } from '../manifest.js';
import type { EpochPlan, Item } from '../pipeline/plan.js';
import { predicate, select } from '../pipeline/select.js';
import { show } from '../report/changes.js';
import { listTable } from '../report/text-table.js';
import { bytes, duration, metricsText, metricTexts, plural } from '../report/wording.js';
import { type ResultRow, resultsOf } from '../results/all-results.js';
import { definitionOf } from '../results/row.js';
import { atItem, rowNamed, SHORT } from '../results/select-rows.js';
import type { Json } from '../stage/context.js';
import { type Command, JSON_OPTION, requireItem, VARIANT_OPTIONS, withProject } from './command.js';
import {
  bestEpoch,
  byBest,
  type Compared,
  epochsCsv,
  extremeText,
  sideBySide,
} from './compare-chains.js';
import { curve } from './curve.js';
import { roomOn } from './terminal.js';

interface Chain extends Compared {
  /** The stage's $PIPE_COMMIT. */
  readonly commit: string;
  readonly epochs: readonly (EpochRecord & { readonly kept: boolean })[];
}

export const command: Command = {
  command: 'epochs',
  positionals: '<item|stage|pattern|result …>',
  summary:
    'Lists the completed epochs of an item: duration, size, whether the state is kept, metrics. With several items, compares their best epochs, and draws all in one plot.',
  options: [
    ...VARIANT_OPTIONS,
    {
      name: 'metric',
      value: 'path',
      help: 'the metric to draw, such as val.ssim (default: the one in keep or epochs, else a validation metric or a loss)',
    },
    { name: 'csv', help: 'print a line for each epoch as CSV' },
    JSON_OPTION,
  ],
  notes:
    'A result is a key or the start of one, as `pipe results` prints it, or item@revision. Several chains are\nsorted by their best value: the smallest of a loss or an error, the largest of any other metric,\nunless keep or epochs of the stage says otherwise.',
  async run(parsed, context) {
    const { out, json } = context.terminal;
    const room = roomOn(context.terminal);
    requireItem(command, parsed);
    const found = await withProject(parsed, context, (project) =>
      chainsOf(project, parsed.positionals, context.terminal.warn),
    );
    const metric = parsed.text('metric');
    requireMetric(found, metric);
    const compared = metric ?? found.find(({ drawn }) => drawn !== undefined)?.drawn;
    const [only, another] = found;
    const chains = compared === undefined ? found : byBest(found, compared);
    if (parsed.flag('json')) json(chains.map((chain) => jsonOf(chain, metric)));
    else if (parsed.flag('csv')) out(epochsCsv(chains));
    else if (another !== undefined) out(sideBySide(chains, compared, room));
    else if (only !== undefined) out(listing(only, metric, room));
  },
};

/** The chains of the targets: of items by today's definition, and of results. */
async function chainsOf(
  project: Project,
  targets: readonly string[],
  warn: (message: string) => void,
): Promise<Chain[]> {
  const isItem = (target: string) => {
    const test = predicate(target);
    return project.plan.items.some(({ id, stage }) => test(id, stage));
  };
  const isResult = (target: string) =>
    !isItem(target) && (/^[0-9a-f]{4,64}$/.test(target) || atItem(target, isItem) !== undefined);
  const results = targets.filter(isResult);
  const items = targets.filter((target) => !isResult(target));
  const chains = items.length === 0 ? [] : await chainsOfItems(project, items);
  if (results.length > 0) {
    const rows = await resultsOf(project, warn);
    for (const name of results)
      chains.push(chainOfResult(project, await rowNamed(project, rows, name)));
  }
  return withParams([...new Map(chains.map((chain) => [nameOf(chain), chain])).values()]);
}

/** Two results of one chain differ in their target, or in the epoch of their outs. */
function nameOf({ chain, item, target, outs }: Made): string {
  return chain === '' ? item : `${chain} ${target} ${outs}`;
}

/** Chains of today's definition. While an upstream item must run first, those of the last run. */
async function chainsOfItems(project: Project, targets: readonly string[]): Promise<Made[]> {
  const build = await inspection(project, targets);
  const found = await predict(build);
  return select(project.plan, targets).map((index) => {
    const item = project.plan.items[index] as Item;
    if (item.epochs === undefined) throw notIncremental(item.id);
    const prediction = found.get(index);
    const manifest =
      prediction?.kind === 'run'
        ? prediction.manifest
        : prediction?.kind === 'fresh' || prediction?.kind === 'restore'
          ? prediction.record.manifest
          : project.cache.state.readLast(item.id)?.manifest;
    return chainOf(project, item.id, item.epochs, manifest && { ...item, manifest });
  });
}

function notIncremental(item: string): Error {
  return userError(
    'not-incremental',
    `${item} has no epochs`,
    'give its stage `epochs:` in pipeline.yaml',
  );
}

function chainOfResult(project: Project, row: ResultRow): Made {
  const { cache, plan } = project;
  const item =
    plan.items.find(({ id }) => id === row.item) ??
    plan.items.find(({ stage }) => stage === row.stage);
  const record = cache.readRecord(row.key);
  if (item?.epochs === undefined || row.chain === undefined) throw notIncremental(row.item);
  if (record !== undefined) {
    return chainOf(project, row.item, planThen(item.epochs, record.manifest.epochs), record);
  }
  throw userError(
    'no-result',
    `the result ${row.key.slice(0, SHORT)} of ${row.item} is not in the cache: gc removed it`,
    '`pipe results` lists its metrics',
  );
}

/** What the result was made with, which may not be what the stage says today. */
function planThen(today: EpochPlan, choice: RunRecord['manifest']['epochs']): EpochPlan {
  const { best: _best, patience: _patience, ...rest } = today;
  if (choice === undefined) return today;
  if (typeof choice === 'number') return { ...rest, target: choice };
  const { max: target, best, patience } = choice;
  return { ...rest, target, best, ...(patience !== undefined && { patience }) };
}

interface Made extends Omit<Chain, 'params'> {
  readonly leaves: Readonly<Record<string, Json>>;
}

function chainOf(
  { cache }: Project,
  item: string,
  plan: EpochPlan,
  made: Pick<RunRecord, 'manifest' | 'filled'> | undefined,
): Made {
  const about = made && chainManifest(made.manifest, plan.param);
  const chain = about === undefined ? '' : keyOf(about);
  const records = chain === '' ? [] : cache.chains.readEpochs(chain);
  const wanted = stopEpoch(plan, records) ?? plan.target;
  return {
    item,
    chain,
    commit: chain === '' ? '' : cache.chains.commits(chain),
    target: plan.target,
    drawn: drawnMetric(records, plan),
    objective: plan.best ?? plan.keep?.best,
    outs: records.some(({ epoch }) => epoch === wanted) ? wanted : undefined,
    epochs: records.map((record) => ({ ...record, kept: cache.chains.hasState(record) })),
    leaves: about ? definitionOf({ ...made, manifest: about }, item).params : {},
  };
}

/** With the params that differ among the chains. */
function withParams(chains: readonly Made[]): Chain[] {
  const names = new Set(chains.flatMap(({ leaves }) => Object.keys(leaves)));
  const differ = [...names].filter(
    (name) => new Set(chains.map(({ leaves }) => JSON.stringify(leaves[name]))).size > 1,
  );
  return chains.map(({ leaves, ...chain }) => {
    const own = differ.filter((name) => Object.hasOwn(leaves, name));
    return { ...chain, params: Object.fromEntries(own.map((name) => [name, show(leaves[name])])) };
  });
}

function jsonOf(chain: Chain, metric = chain.drawn): object {
  const { objective: _objective, ...shown } = chain;
  const best = metric === undefined ? undefined : bestEpoch(chain, metric);
  return { ...shown, ...(best !== undefined && { best }) };
}

function requireMetric(chains: readonly Chain[], metric: string | undefined): void {
  if (metric === undefined) return;
  const records = chains.flatMap(({ epochs }) => epochs);
  if (records.some((record) => metricAt(record.metrics, metric) !== undefined)) return;
  const known = metricsText(records.at(-1)?.metrics, 12);
  throw userError(
    'no-metric',
    `no epoch has a metric "${metric}"`,
    known
      ? `the last epoch has: ${known}`
      : 'the epochs have no metrics: commit each with a metrics.json',
  );
}

function listing(chain: Chain, metric: string | undefined, room: number | undefined): string {
  const { item, target, drawn, epochs } = chain;
  if (epochs.length === 0) return `${item}: no epoch is completed (target ${target})\n`;
  const seconds = epochs.reduce((sum, { seconds }) => sum + seconds, 0);
  const head = `${item}: ${plural(epochs.length, 'epoch')} completed, target ${target}, ${duration(seconds)} in all\n`;
  const shown = metric ?? drawn;
  const picture = shown === undefined ? '' : curve(epochs, shown, room ?? 80);
  return `${head}${epochTable(epochs, room)}${picture}${marks(chain, shown)}`;
}

/** One text with all metrics of an epoch, or, where that does not fit, a column for each metric. */
function epochTable(epochs: Chain['epochs'], room: number | undefined): string {
  const found = epochs.map(({ metrics }) => new Map(metricTexts(metrics)));
  const names = [...new Set(found.flatMap((each) => [...each.keys()]))];
  const table = (heads: readonly string[], cells: readonly (readonly string[])[]) => [
    ['epoch', 'time', 'size', 'state', ...heads],
    ...epochs.map(({ epoch, seconds, size, kept }, at) => [
      ...[String(epoch), duration(seconds), bytes(size), kept ? 'kept' : 'not here'],
      ...(cells[at] ?? []),
    ]),
  ];
  const texts = epochs.map(({ metrics }) => [metricsText(metrics)]);
  const whole = listTable(table(['metrics'], texts));
  if (room === undefined || whole.split('\n').every((line) => line.length <= room)) return whole;
  const values = found.map((each) => names.map((name) => each.get(name) ?? ''));
  return listTable(table(names, values), room);
}

/** `best loss: epoch 5; outs: epoch 6`. */
function marks(chain: Chain, metric: string | undefined): string {
  const best = metric === undefined ? undefined : bestEpoch(chain, metric);
  const parts = [
    ...(metric === undefined || best === undefined
      ? []
      : [`${extremeText([chain], metric)}: epoch ${best}`]),
    ...(chain.outs === undefined ? [] : [`outs: epoch ${chain.outs}`]),
  ];
  return parts.length === 0 ? '' : `\n  ${parts.join('; ')}\n`;
}
