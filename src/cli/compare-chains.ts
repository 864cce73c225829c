/** Several chains side by side: a table by their best epochs, one plot, CSV. */
import type { EpochRecord } from '../cache/records/record.js';
import { bestOf, metricAt } from '../decide/incremental.js';
import { addTo } from '../lists.js';
import { metricsOf } from '../lockfile/format/locked-metrics.js';
import type { Objective } from '../pipeline/plan.js';
import type { Rows } from '../report/fit.js';
import { csvTable, listTable } from '../report/text-table.js';
import { duration } from '../report/wording.js';
import { extremeOf, modeOf } from '../results/better.js';
import { curves, letterOf, MOST_SERIES } from './chain-curves.js';

export interface Compared {
  readonly item: string;
  readonly chain: string;
  readonly target: number;
  /** The epoch of the outs; undefined if it is not completed. */
  readonly outs: number | undefined;
  readonly objective: Objective | undefined;
  /** The metric to plot. */
  readonly drawn: string | undefined;
  /** Params that differ among the chains, as text by name. */
  readonly params: Readonly<Record<string, string>>;
  readonly epochs: readonly EpochRecord[];
}

/** The stage's objective, or one guessed from the metric's name. */
function objectiveFor(metric: string, { objective }: Pick<Compared, 'objective'>): Objective {
  if (objective?.metric === metric) return objective;
  return { metric, mode: modeOf(metric) };
}

/** `best loss`, and `largest x` where it is not known what is better. */
export function extremeText(chains: readonly Compared[], metric: string): string {
  const objectives = chains.map(({ objective }) => objective);
  return `${extremeOf(metric, objectives)} ${metric}`;
}

export function bestEpoch(chain: Compared, metric: string): number | undefined {
  return bestOf(chain.epochs, objectiveFor(metric, chain));
}

/** Best first; chains without the metric last. */
export function byBest<Chain extends Compared>(chains: readonly Chain[], metric: string): Chain[] {
  const bestValue = (chain: Compared) => valueAt(chain, bestEpoch(chain, metric), metric);
  return [...chains].sort((a, b) => {
    const [left, right] = [bestValue(a), bestValue(b)];
    if (left === undefined || right === undefined)
      return Number(left === undefined) - Number(right === undefined);
    return objectiveFor(metric, a).mode === 'max' ? right - left : left - right;
  });
}

function valueAt({ epochs }: Compared, epoch: number | undefined, metric: string) {
  return metricAt(epochs.find((each) => each.epoch === epoch)?.metrics, metric);
}

/** `chains`: sorted. Results of one chain are one curve, with one letter. */
export function sideBySide(
  chains: readonly Compared[],
  metric: string | undefined,
  room: number | undefined,
): string {
  const names = [...new Set(chains.flatMap(({ params }) => Object.keys(params)))];
  const shown = (value: number | undefined) => (value === undefined ? '–' : fourDigits(value));
  const curvesOf = new Map<string, Compared[]>();
  for (const each of chains) addTo(curvesOf, nameOf(each), each);
  // Results of one chain may have the same outs.
  const isShared = curvesOf.size < chains.length;
  const letters = [...curvesOf.keys()].slice(0, MOST_SERIES);
  const rows: Rows = chains.map((chain) => {
    const index = letters.indexOf(nameOf(chain));
    const best = metric === undefined ? undefined : bestEpoch(chain, metric);
    const { item, outs, epochs, params } = chain;
    const seconds = epochs.reduce((sum, each) => sum + each.seconds, 0);
    return [
      index < 0 ? '' : letterOf(index),
      chain.chain.slice(0, 10) || '–',
      item,
      ...names.map((name) => params[name] ?? '–'),
      ...(isShared ? [String(chain.target)] : []),
      String(epochs.length),
      best === undefined || metric === undefined
        ? '–'
        : `${shown(valueAt(chain, best, metric))} (epoch ${best})`,
      outsText(outs, metric && shown(valueAt(chain, outs, metric))),
      duration(seconds),
    ];
  });
  const head = [
    '',
    'chain',
    'item',
    ...names,
    ...(isShared ? ['target'] : []),
    'epochs',
    metric === undefined ? 'best' : extremeText(chains, metric),
    'outs',
    'time',
  ];
  const picture =
    metric === undefined
      ? ''
      : curves(
          [...curvesOf.values()].map((each) => seriesOf(each, metric)),
          metric,
          room ?? 80,
        );
  return listTable([head, ...rows], room) + picture;
}

/** Of an item without a chain: no epoch is completed. */
function nameOf({ chain, item }: Compared): string {
  return chain || item;
}

function outsText(outs: number | undefined, value: string | undefined): string {
  if (outs === undefined) return '–';
  return value === undefined ? `epoch ${outs}` : `${value} (epoch ${outs})`;
}

/** With the zeros at its end, so that values of one size have the same decimals. */
function fourDigits(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const text = value.toPrecision(4);
  return text.includes('e') ? String(Number(text)) : text;
}

function seriesOf(results: readonly Compared[], metric: string) {
  const [chain] = results as readonly [Compared, ...Compared[]];
  const points = chain.epochs.flatMap(({ epoch, metrics }) => {
    const value = metricAt(metrics, metric);
    return value === undefined || !Number.isFinite(value) ? [] : [{ epoch, value }];
  });
  return { points, best: bestEpoch(chain, metric), outs: results.map(({ outs }) => outs) };
}

/** One line for each epoch of each chain, also if several results are of it. */
export function epochsCsv(chains: readonly Compared[]): string {
  const once = [...new Map(chains.map((chain) => [nameOf(chain), chain])).values()];
  const lines = once.flatMap(({ item, chain, params, epochs }) =>
    epochs.map((record) => ({
      item,
      chain,
      params,
      record,
      metrics: metricsOf(JSON.stringify(record.metrics ?? {})) ?? {},
    })),
  );
  const names = [...new Set(lines.flatMap(({ metrics }) => Object.keys(metrics)))];
  const params = [...new Set(lines.flatMap((line) => Object.keys(line.params)))];
  return csvTable([
    ['item', 'chain', ...params, 'epoch', 'seconds', ...names],
    ...lines.map((line) => [
      line.item,
      line.chain,
      ...params.map((name) => line.params[name] ?? ''),
      String(line.record.epoch),
      String(line.record.seconds),
      ...names.map((name) => String(line.metrics[name] ?? '')),
    ]),
  ]);
}
