/** Tables of the report that are the same in HTML and Markdown: depth, gradients, the linear twin, costs. */

import { formatCount, formatGain, formatPercent } from '@pipe-experiment/pages/number-format.js';
import type { TextTable } from '@pipe-experiment/pages/text-table.js';
import { type MethodName, MODEL } from './evaluation.js';
import { settingLabel } from './html/format.js';
import { bestBaseline, type DataSet, figureOf, gainOf, type Row } from './results.js';
import { RIM_BOUNDS } from './rim.js';
import { meanStatistics } from './samples.js';

export const RIM_TITLE = 'By the distance from the rim';
export const ABOUT_RIM =
  'Gain in SSIM (wang, composite, test) over the best classical fill, the mean of the windows whose centre is ' +
  'occluded, by the distance of the centre from the nearest known pixel.';

export function rimTables(datasets: readonly DataSet[]): TextTable[] {
  const names = RIM_BOUNDS.map((bound, at) => {
    const from = at === 0 ? 0 : RIM_BOUNDS[at - 1]!;
    return Number.isFinite(bound) ? `${from + 1}–${bound} px` : `beyond ${from} px`;
  });
  return datasets.flatMap((dataset) =>
    dataset.models.map((model) => ({
      title: `${dataset.name}, ${model.label}`,
      head: ['hole', ...names],
      rows: dataset.settings.map((setting, s) => [
        settingLabel(setting),
        ...rimCells(model, s, bestBaseline(dataset, setting.name)),
      ]),
    })),
  );
}

function rimCells({ items: [{ index }] }: Row, setting: number, fill: Row): string[] {
  const of = (method: MethodName) => index.rims[setting]![index.methods.indexOf(method)]!;
  const others = of(fill.method);
  return of(MODEL).map((value, bin) => {
    const other = others[bin];
    return typeof value === 'number' && typeof other === 'number' ? formatGain(value - other) : '–';
  });
}

export const TWIN_TITLE = 'Does it take a network, and does it look right?';
export const ABOUT_TWIN =
  'Gain in SSIM (wang, composite, test) over the PCA of the same train images, the network’s linear twin, with its ' +
  '95 % interval. Beside it the gradient magnitude similarity, which agrees with people more than SSIM does: of the ' +
  'model, of the best fill by SSIM, and of the fill that is best by it.';

export function twinTables(datasets: readonly DataSet[]): TextTable[] {
  return datasets.flatMap((dataset) =>
    dataset.models.map((model) => ({
      title: `${dataset.name}, ${model.label}`,
      head: [
        'hole',
        'gain over PCA',
        'components',
        'GMS: model',
        'best fill by SSIM',
        'best fill by GMS',
      ],
      rows: dataset.settings.map(({ name }, s) => [
        settingLabel(dataset.settings[s]!),
        ...twinCells(dataset, model, name),
        ...gradientCells(dataset, model, name),
      ]),
    })),
  );
}

function twinCells(dataset: DataSet, model: Row, setting: string): string[] {
  if (!dataset.baselines.some(({ name }) => name === 'pca')) return ['–', '–'];
  const { mean, low, high } = gainOf(model, setting, 'pca');
  const { components } = model.items[0].index;
  return [
    `${formatGain(mean)} (${formatGain(low)} … ${formatGain(high)})`,
    String(components[setting] ?? '–'),
  ];
}

function gradientCells(dataset: DataSet, model: Row, setting: string): string[] {
  const gms = (row: Row) => figureOf(row, 'test', setting, 'composite', 'gms').mean;
  const text = (row: Row) => `${gms(row).toFixed(4)} ${row.label}`;
  const best = dataset.baselines.reduce((one, other) => (gms(other) > gms(one) ? other : one));
  return [gms(model).toFixed(4), text(bestBaseline(dataset, setting)), text(best)];
}

export const COSTS_TITLE = 'What it cost';
export const ABOUT_COSTS =
  'Weights are float32. The state is what a training resumes from: weights, both moments of Adam and the average of ' +
  'the weights. The convolutions and matrix products that restore one image are counted in GFLOP, with all passes of ' +
  'symmetries; training on an image costs about three passes. The time depends on the machine, so it is not part of ' +
  'this page: “pipe results train --usage” prints it. Samples of the latent differ by a standard deviation in the ' +
  'hole, in gray levels, the mean of all settings: below 0.5 they are one picture, and the gallery has none. The last ' +
  'column is how often the true level of a pixel is within the range of the samples, and how often it would be if the ' +
  'truth were one more sample.';

/** What the report knows of trainings: `params.train`, and `params.model.<name>.train` over it. */
export interface TrainingParams {
  readonly train?: Readonly<Record<string, unknown>>;
  readonly model?: Readonly<Record<string, { readonly train?: Readonly<Record<string, unknown>> }>>;
}

export function costsTable(datasets: readonly DataSet[], params: TrainingParams): TextTable {
  return {
    title: COSTS_TITLE,
    head: [
      'model',
      'parameters',
      'weights',
      'state',
      'epochs',
      'updates',
      'images seen',
      'GFLOP',
      'samples differ',
      'truth within',
    ],
    rows: datasets.flatMap((dataset) =>
      dataset.models.map((model) => [
        `${dataset.name}, ${model.label}`,
        ...costCells(model, params),
      ]),
    ),
  };
}

function costCells({ name, items: [{ index }] }: Row, params: TrainingParams): string[] {
  const { operations, model } = index;
  const { parameters, epochs, images } = model;
  const asked = { ...params.train, ...params.model?.[name]?.train };
  const batch = Number(asked.batch ?? 0);
  const megabytes = (copies: number) => {
    const size = (copies * 4 * parameters) / 1e6;
    return parameters === 0 ? '–' : `${size.toFixed(size < 10 ? 1 : 0)} MB`;
  };
  const { spread, range } = meanStatistics(index.samples);
  return [
    parameters === 0 ? '–' : formatCount(parameters),
    megabytes(1),
    megabytes(Number(asked.ema ?? 0) > 0 ? 4 : 3),
    String(epochs),
    batch === 0 ? '–' : formatCount(epochs * Math.floor(images / batch)),
    formatCount(epochs * images),
    operations === 0 ? '–' : (operations / 1e9).toPrecision(2),
    spread === 0 ? '–' : `${spread.toFixed(2)} levels`,
    range && spread > 0
      ? `${formatPercent(range.covered)} of ${formatPercent(range.calibrated)}`
      : '–',
  ];
}
