/** The evaluated items as the report tells of them: by data set, then by model, then by seed. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { METHOD_TEXTS } from '@pipe-experiment/fills/methods.js';
import { spread } from '@pipe-experiment/numerics/statistics.js';
import { type Verdict, verdictsOf } from '@pipe-experiment/numerics/verdicts.js';
import { type MethodName, MODEL, scoresOf } from './evaluation.js';
import { rankedBy } from './examples.js';
import { type Gain, gainsOf } from './gains.js';
import type { Target } from './score.js';
import {
  type ItemScores,
  readScores,
  type ScoresIndex,
  type Setting,
  type Side,
} from './scores.js';

/** One evaluated item. */
export interface Item extends ItemScores {
  /** The data set's name in pipeline.yaml. */
  readonly dataset: string;
  /** The model's name: the item's axes but for the data set and the seed. */
  readonly variant: string;
  readonly seed: number | undefined;
}

/** A line of a table: a classical method, or a model with all its seeds. */
export interface Row {
  readonly name: string;
  readonly label: string;
  readonly method: MethodName;
  readonly items: readonly [Item, ...Item[]];
  /** Of a model over each classical fill. */
  readonly gains: readonly Gain[];
  /** By setting, how a model stands to the best classical fill; corrected over all models and data sets of the page. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/** What was scored on the same images. */
export interface DataSet {
  /** With the kernel, where models of the data set were scored on images of several. */
  readonly name: string;
  /** As in pipeline.yaml. */
  readonly dataset: string;
  readonly index: ScoresIndex;
  readonly settings: readonly Setting[];
  readonly baselines: readonly Row[];
  /** The best first. */
  readonly models: readonly [Row, ...Row[]];
}

/** Models in charts and pictures, the best; tables have all. */
export const SHOWN_MODELS = 3;

export function shownModels({ models }: DataSet): readonly Row[] {
  return models.slice(0, SHOWN_MODELS);
}

/** A figure of a table. */
export interface Figure {
  readonly mean: number;
  /** Deviation over images. */
  readonly std: number;
  /** Deviation over seeds; absent for a single seed. */
  readonly overSeeds?: number;
}

/** Folders of scores, from paths that are folders or files within them. */
export function scoreFolders(paths: readonly string[]): readonly string[] {
  const folders = paths.map((path) => (statSync(path).isDirectory() ? path : dirname(path)));
  const found = [...new Set(folders)].filter((folder) => existsSync(join(folder, 'index.json')));
  if (found.length === 0) throw mistake('no evaluated item was found to report on');
  return found;
}

export function readItem(folder: string): Item {
  const scores = readScores(folder);
  const { dataset, seed, ...others } = scores.index.matrix;
  const variant = Object.values(others).join(' · ');
  return {
    ...scores,
    dataset: dataset === undefined ? basename(dirname(folder)) || 'data' : String(dataset),
    variant: variant === '' ? scores.index.model.arch : variant,
    seed: seed === undefined ? undefined : Number(seed),
  };
}

/** @throws Mistake when items of one data set were scored on other images or settings */
export function groupItems(items: readonly Item[]): readonly DataSet[] {
  const datasets = [...groupBy(items, ({ dataset }) => dataset)].flatMap(([dataset, all]) => {
    const kernels = [...groupBy(all, ({ index }) => index.image.kernel)];
    return kernels.map(([kernel, members]) =>
      groupAlike(members, kernels.length > 1 ? `${dataset} (${kernel})` : dataset),
    );
  });
  return withVerdicts(datasets);
}

/** All comparisons with the best classical fill that the page makes are one family. */
function withVerdicts(datasets: readonly DataSet[]): readonly DataSet[] {
  const gains = datasets.flatMap((dataset) =>
    dataset.models.flatMap((model) =>
      dataset.settings.map(({ name }) => gainOf(model, name, bestBaseline(dataset, name).name)),
    ),
  );
  const verdicts = verdictsOf(gains);
  let next = 0;
  return datasets.map((dataset) => ({
    ...dataset,
    models: dataset.models.map((model) => ({
      ...model,
      verdicts: new Map(dataset.settings.map(({ name }) => [name, verdicts[next++]!] as const)),
    })) as unknown as DataSet['models'],
  }));
}

function groupAlike(members: readonly [Item, ...Item[]], name: string): DataSet {
  const [first] = members;
  for (const item of members) checkAlike(first, item);
  const models = [...groupBy(members, ({ variant }) => variant)].map(
    ([variant, seeds]): Row => ({
      name: variant,
      label: variant,
      method: MODEL,
      items: seeds,
      gains: gainsOverSeeds(seeds),
      verdicts: new Map(),
    }),
  );
  const baselines = first.index.methods
    .filter((method) => method !== MODEL)
    .map(
      (method): Row => ({
        name: method,
        label: METHOD_TEXTS[method].label,
        method,
        items: [first],
        gains: [],
        verdicts: new Map(),
      }),
    );
  const { settings } = first.index;
  const quality = (row: Row) =>
    settings.reduce((sum, { name: setting }) => sum + headline(row, setting).mean, 0);
  models.sort((a, b) => quality(b) - quality(a));
  return {
    name,
    dataset: first.dataset,
    index: first.index,
    settings,
    baselines,
    models: models as [Row, ...Row[]],
  };
}

/** A score of a row: the mean of its seeds. */
export function figureOf(
  { method, items }: Row,
  side: Side,
  setting: string,
  target: Target,
  score: string,
): Figure {
  const spreads = items.map((item) => spread(scoresOf(item[side], setting, method, target, score)));
  const mean = spread(spreads.map((one) => one.mean));
  const std = spread(spreads.map((one) => one.std)).mean;
  return items.length > 1
    ? { mean: mean.mean, std, overSeeds: mean.std }
    : { mean: mean.mean, std };
}

/** The figure that methods are ranked by: on test images, known pixels kept, Wang's SSIM. */
export function headline(row: Row, setting: string): Figure {
  return figureOf(row, 'test', setting, 'composite', rankedBy(row.items[0].test));
}

export function bestBaseline({ baselines }: DataSet, setting: string): Row {
  const [first, ...rest] = baselines;
  if (first === undefined) throw new RangeError('no classical method was evaluated');
  return rest.reduce(
    (best, row) => (headline(row, setting).mean > headline(best, setting).mean ? row : best),
    first,
  );
}

/** The gain of a model over a baseline. */
export function gainOf(
  { gains, label, items: [{ test }] }: Row,
  setting: string,
  baseline: string,
  score = rankedBy(test),
): Gain {
  const gain = gains.find(
    (one) => one.setting === setting && one.baseline === baseline && one.score === score,
  );
  if (gain === undefined) throw new RangeError(`${label}: no gain over ${baseline} in ${setting}`);
  return gain;
}

/**
 * With several seeds, those of the scores that an image has on average over them: the bootstrap is
 * over images, and how seeds differ is told beside it.
 */
function gainsOverSeeds(items: readonly [Item, ...Item[]]): readonly Gain[] {
  const [{ test, index }, ...others] = items;
  if (others.length === 0) return index.gains;
  const mean = test.values.map(
    (value, at) =>
      others.reduce((sum, other) => sum + other.test.values[at]!, value) / items.length,
  );
  return gainsOf({ ...test, values: mean }, index.groups.ofTest, index.bootstrap);
}

/** The scores of single images, the mean of the seeds. */
export function imageScores({ method, items }: Row, setting: string): Float64Array {
  const mean = new Float64Array(items[0].test.images);
  for (const { test } of items) {
    const values = scoresOf(test, setting, method, 'composite', rankedBy(test));
    for (let image = 0; image < mean.length; image++) mean[image]! += values[image]! / items.length;
  }
  return mean;
}

function checkAlike(one: Item, other: Item): void {
  const shape = ({ index, test }: Item) =>
    JSON.stringify([index.settings, index.methods, index.scores, index.image, test.images]);
  if (shape(one) !== shape(other)) {
    throw mistake(
      `${one.index.item} and ${other.index.item} were scored on other images, settings or methods`,
      'Evaluate all models of a data set with the same parameters.',
    );
  }
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, [T, ...T[]]> {
  const groups = new Map<string, [T, ...T[]]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group) group.push(value);
    else groups.set(keyOf(value), [value]);
  }
  return groups;
}
