/** The report as Markdown: the same tables without pictures, for reading in a terminal or a diff. */

import { METHOD_TEXTS } from '@pipe-experiment/fills/methods.js';
import { table, titledTable } from '@pipe-experiment/pages/markdown.js';
import { formatGain, formatPercent } from '@pipe-experiment/pages/number-format.js';
import type { Ablation } from './ablation.js';
import { linesByArea } from './by-area.js';
import { ABOUT_CITED, CITED, CITED_TITLE } from './cited.js';
import { claimOf } from './claim.js';
import {
  ABOUT_COSTS,
  ABOUT_RIM,
  ABOUT_TWIN,
  COSTS_TITLE,
  costsTable,
  RIM_TITLE,
  rimTables,
  type TrainingParams,
  TWIN_TITLE,
  twinTables,
} from './evidence.js';
import {
  ABOUT_HOMOGENEITY,
  HOMOGENEITY_TITLE,
  type HomogeneityCurve,
  homogeneityTable,
} from './homogeneity.js';
import { aboutAblation, changeText, columnLabel } from './html/ablation-table.js';
import { ABOUT_BY_AREA, binLabels } from './html/by-area-table.js';
import {
  ABOUT_CUTS,
  CLAIM_COLUMNS,
  CLAIM_TITLE,
  CUT_COLUMNS,
  claimCells,
  claimIntroduction,
  claimVerdict,
  cutCells,
} from './html/claim-section.js';
import { formatFigure, SSIM_TEXTS, settingLabel, sourceText } from './html/format.js';
import type { Report } from './html/page.js';
import { COLUMNS, comparedLines, PAPER_TABLES } from './html/paper-comparison.js';
import { methodsIn } from './html/provenance.js';
import {
  groupsSentence,
  shareWorse,
  trainingsSentence,
  VERDICT_WORDS,
  verdictRule,
  verdictSentence,
} from './html/summary.js';
import { bestBaseline, type DataSet, gainOf, headline, type Row } from './results.js';

export function reportMarkdown({ datasets, ablations, curves, params, used }: Report): string {
  const standIns = datasets.filter(({ index }) => index.source.standIn).map(({ name }) => name);
  return [
    '# Restoring occluded images with a variational autoencoder',
    ...(standIns.length > 0
      ? [
          `**Stand-in data.** Rendered by program, not the paper’s photographs: ${standIns.join(', ')}. ` +
            'Nothing below reproduces or refutes the paper’s figures.',
        ]
      : []),
    ...datasets.flatMap(datasetPart),
    ...byAreaPart(datasets),
    '## Beside the paper',
    ...PAPER_TABLES.flatMap(({ title, rows }) => [
      `${title}:`,
      table(
        ['data and method', ...COLUMNS.map(columnName)],
        rows
          .flatMap((row) => comparedLines(row, datasets))
          .map((line) => [line.name, ...line.cells]),
      ),
    ]),
    ...claimPart(datasets),
    ...homogeneityPart(curves),
    ...ablationPart(ablations),
    ...evidencePart(datasets, params as TrainingParams),
    '## Definitions',
    [
      ...SSIM_TEXTS.map(({ name, text }) => `- SSIM \`${name}\`: ${text}`),
      ...methodsIn(datasets).map(
        (name) => `- ${METHOD_TEXTS[name].label}: ${METHOD_TEXTS[name].about}`,
      ),
    ].join('\n'),
    '## Files used (sha256)',
    table(
      ['item', 'file', 'sha256'],
      used.flatMap(({ item, digests }) =>
        Object.entries(digests).map(([file, digest]) => [item, file, `\`${digest}\``]),
      ),
    ),
    '',
  ].join('\n\n');
}

function datasetPart(dataset: DataSet): string[] {
  const { name, index, settings, baselines, models } = dataset;
  const rows: readonly Row[] = [...baselines, ...models];
  const score = 'ssim.wang';
  return [
    `## ${name}`,
    `${sourceText(index.source)}, ${index.sides.test.scored} test images. ` +
      `${models.map((model) => verdictSentence(dataset, model)).join(' ')} ` +
      `${groupsSentence(dataset)} ${trainingsSentence(dataset)}`,
    ...index.notes.map((note) => `> ${note}`),
    'SSIM (wang, composite, test), mean ± standard deviation over images:',
    table(
      ['method', ...settings.map((one) => `${settingLabel(one)} (${formatPercent(one.meanArea)})`)],
      rows.map((row) => [
        row.method === 'model' ? `**${row.label}**` : row.label,
        ...settings.map((setting) => formatFigure(headline(row, setting.name), score)),
      ]),
    ),
    `Gain over the best classical fill, 95 % interval, and the share of images that the model makes worse than it. ${verdictRule(dataset)}`,
    table(
      ['model', ...settings.map((one) => `${settingLabel(one)}`)],
      models.map((model) => [
        model.label,
        ...settings.map((setting) => {
          const rival = bestBaseline(dataset, setting.name);
          const gain = gainOf(model, setting.name, rival.name);
          const worse = formatPercent(shareWorse(model, rival, setting.name));
          return `${formatGain(gain.mean)} (${formatGain(gain.low)} … ${formatGain(gain.high)}) over ${rival.label}: ${VERDICT_WORDS[model.verdicts.get(setting.name)!]}, ${worse} worse`;
        }),
      ]),
    ),
  ];
}

function evidencePart(datasets: readonly DataSet[], params: TrainingParams): string[] {
  const { head, rows } = costsTable(datasets, params);
  return [
    `## ${TWIN_TITLE}`,
    ABOUT_TWIN,
    ...twinTables(datasets).flatMap(titledTable),
    `## ${RIM_TITLE}`,
    ABOUT_RIM,
    ...rimTables(datasets).flatMap(titledTable),
    `## ${COSTS_TITLE}`,
    ABOUT_COSTS,
    table(head, rows),
    `## ${CITED_TITLE}`,
    ABOUT_CITED,
    table(CITED.head, CITED.rows),
  ];
}

function columnName({ score, target, side }: (typeof COLUMNS)[number]): string {
  return `${score.replace('ssim.', 'SSIM ')}, ${target}, ${side}`;
}

function claimPart(datasets: readonly DataSet[]): string[] {
  const claim = claimOf(datasets);
  if (claim === undefined) return [];
  return [
    `## ${CLAIM_TITLE}`,
    claimIntroduction(claim),
    table(CLAIM_COLUMNS, claim.lines.map(claimCells)),
    ABOUT_CUTS,
    table(CUT_COLUMNS, claim.cuts.map(cutCells)),
    claimVerdict(claim),
  ];
}

function homogeneityPart(curves: readonly HomogeneityCurve[]): string[] {
  if (curves.length === 0) return [];
  return [
    `## ${HOMOGENEITY_TITLE}`,
    ABOUT_HOMOGENEITY,
    ...curves.map(homogeneityTable).flatMap(titledTable),
  ];
}

function byAreaPart(datasets: readonly DataSet[]): string[] {
  const tables = datasets.flatMap((dataset) =>
    dataset.models.flatMap((model) => {
      const lines = linesByArea(dataset, model);
      if (lines.length === 0) return [];
      const rows = lines.map(({ setting, bins }) => [
        settingLabel(setting),
        ...bins.map((bin) =>
          bin === undefined
            ? '–'
            : `${bin.model.toFixed(4)}, ${formatGain(bin.gain.mean)} (${formatGain(bin.gain.low)} … ${formatGain(bin.gain.high)}) over ${bin.rival.label}, ${bin.images} images`,
        ),
      ]);
      return [`${dataset.name}, ${model.label}:`, table(['shape', ...binLabels()], rows)];
    }),
  );
  return tables.length === 0 ? [] : ['## By shape and by area', ABOUT_BY_AREA, ...tables];
}

/** One table for each data set; the change against the base stands in each cell. */
function ablationPart(ablations: readonly Ablation[]): string[] {
  const [first] = ablations;
  if (first === undefined) return [];
  return [
    '## Switch by switch',
    aboutAblation(first),
    ...ablations.flatMap(({ dataset, standIn, settings, scores, lines }) => [
      `${dataset}${standIn ? ' (stand-in)' : ''}:`,
      table(
        [
          'model',
          'differs in',
          ...settings.flatMap((setting) =>
            scores.map((which) => `${settingLabel(setting)}: ${columnLabel(which)}`),
          ),
        ],
        lines.map(({ name, switches, cells }) => [
          name,
          switches.join(', '),
          ...cells.flat().map((cell) => {
            const change = changeText(cell);
            return `${cell.value.mean.toFixed(4)}${change && ` (${change})`}`;
          }),
        ]),
      ),
    ]),
  ];
}
