/** All methods in all settings; which score is shown can be chosen, the headline stands there without scripts. */

import type { Choices } from '@pipe-experiment/pages/client/chosen-scores.js';
import { html, jsonScript, type Markup } from '@pipe-experiment/pages/markup.js';
import { formatPercent } from '@pipe-experiment/pages/number-format.js';
import { type DataSet, figureOf, type Row } from '../results.js';
import { TARGETS, type Target } from '../score.js';
import { SIDES, type Side } from '../scores.js';
import { formatScore, moreIsBetter, scoreLabel, settingLabel } from './format.js';

export function methodsSection(datasets: readonly DataSet[]): Markup {
  return html`<section id="methods" aria-labelledby="methods-title">
<h2 id="methods-title">Against classical fills</h2>
<p class="about">Mean ± standard deviation over images. The marked figure is the best of its column.
“Composite” keeps the known pixels of the image, “whole” scores what the method gave everywhere: all classical fills
keep the known pixels by themselves.</p>
${datasets.map(methodsTable)}
</section>`;
}

function rowsOf({ baselines, models }: DataSet): readonly Row[] {
  return [...baselines, ...models];
}

function methodsTable(dataset: DataSet): Markup {
  const { name, settings, index } = dataset;
  const id = `methods-${name.replaceAll(/[^\w]+/g, '-')}`;
  const rows = rowsOf(dataset);
  const [score = 'ssim.global'] = index.scores;
  const shown = rows.map((row) =>
    settings.map((setting) => figureOf(row, 'test', setting.name, 'composite', score)),
  );
  const best = settings.map((_, at) => Math.max(...shown.map((figures) => figures[at]!.mean)));
  return html`<h3>${name}</h3>
${controls(id, index.scores)}
<div class="scroll sticky" tabindex="0" role="region" aria-label="${name}: all methods"><table id="${id}" data-methods>
<caption>${name}, <span data-what>test images, composite, ${scoreLabel(score)}</span></caption>
<thead><tr><th scope="col">method</th>${settings.map(
    (setting) =>
      html`<th scope="col">${settingLabel(setting)}<small>${formatPercent(setting.meanArea)} of the area</small></th>`,
  )}</tr></thead>
<tbody>${rows.map(
    (row, r) =>
      html`<tr class="${row.method === 'model' ? 'model' : 'baseline'}"><th scope="row">${row.label}</th>${shown[
        r
      ]!.map(
        ({ mean, std, overSeeds }, at) =>
          html`<td${mean === best[at] && html` class="best"`}>${formatScore(mean, score)}<small>± ${formatScore(std, score)}${overSeeds !== undefined && ` · seeds ± ${formatScore(overSeeds, score)}`}</small></td>`,
      )}</tr>`,
  )}</tbody></table></div>
${jsonScript(`${id}-data`, choicesOf(dataset, rows))}`;
}

function controls(id: string, scores: readonly string[]): Markup {
  const select = (label: string, name: string, options: readonly (readonly [string, string])[]) =>
    html`<label>${label}<select data-for="${id}" data-axis="${name}">${options.map(
      ([value, text]) => html`<option value="${value}">${text}</option>`,
    )}</select></label>`;
  return html`<div class="controls needs-js">
${select(
  'score',
  'score',
  scores.map((score, at) => [String(at), scoreLabel(score)]),
)}
${select('of', 'target', [
  ['1', 'composite'],
  ['0', 'whole output'],
])}
${select('on', 'side', [
  ['0', 'test images'],
  ['1', 'train images'],
])}
</div>`;
}

function choicesOf({ index, settings }: DataSet, rows: readonly Row[]): Choices {
  const figures = (side: Side, target: Target, score: string) =>
    rows.map((row) =>
      settings.map((setting) => {
        const { mean, std, overSeeds } = figureOf(row, side, setting.name, target, score);
        return [mean, std, ...(overSeeds === undefined ? [] : [overSeeds])].map(round);
      }),
    );
  return {
    scores: index.scores.map((name) => ({
      name: scoreLabel(name),
      digits: name.startsWith('ssim.') || name === 'gms' ? 4 : 2,
      more: moreIsBetter(name),
    })),
    figures: SIDES.map((side) =>
      TARGETS.map((target) => index.scores.map((score) => figures(side, target, score))),
    ),
  };
}

function round(value: number): number {
  return Number(value.toFixed(4));
}
