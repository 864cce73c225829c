/** How much the models gain over each classical fill, and whether it is more than luck. */

import { verdictsOf } from '@pipe-experiment/numerics/verdicts.js';
import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import { formatGain } from '@pipe-experiment/pages/number-format.js';
import { extent, fixed, linearScale, ticks, tickText } from '@pipe-experiment/pages/scale.js';
import { bestBaseline, type DataSet, gainOf, type Row, shownModels } from '../results.js';
import { settingLabel } from './format.js';
import { VERDICT_CLASSES } from './summary.js';

export function gainsSection(datasets: readonly DataSet[]): Markup {
  return html`<section id="gains" aria-labelledby="gains-title">
<h2 id="gains-title">By how much, and is it luck?</h2>
<p class="about">Gain in SSIM (wang, composite, test) over the best classical fill of each setting: mean over images
and 95 % interval of a paired bootstrap, each image with the mean of its scores where a model has several
seeds. Right of the line the model is better. The tables are corrected for the number of their cells.</p>
<div class="charts wide">${datasets.map(forest)}</div>
${datasets.map(
  (dataset) =>
    html`<details><summary>${dataset.name}: gain over each classical fill</summary>${dataset.models.map(
      (model) => gainTable(dataset, model),
    )}</details>`,
)}
</section>`;
}

const WIDTH = 460;
/** Room for a label of this many characters, and no less than that of `1 × 20 px`. */
const leftOf = (characters: number) => Math.max(92, 7 * characters + 12);
const ROW = 17;

function forest(dataset: DataSet): Markup {
  const models = shownModels(dataset);
  const labels = dataset.settings.map((setting) => settingLabel(setting).length);
  const left = leftOf(Math.max(...labels));
  const groups = dataset.settings.map((setting) => ({
    setting,
    rival: bestBaseline(dataset, setting.name),
    gains: models.map((model) =>
      gainOf(model, setting.name, bestBaseline(dataset, setting.name).name),
    ),
  }));
  const bounds = groups.flatMap(({ gains }) => gains.flatMap(({ low, high }) => [low, high]));
  const scale = linearScale(extent([0, ...bounds], 0.06), left + 8, WIDTH - 16);
  const groupHeight = models.length * ROW + 16;
  const height = groups.length * groupHeight + 34;
  const marks = ticks(scale.domain, 5);
  return html`<figure><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${dataset.name}: gain over the best classical fill by setting">
${marks.map(
  (
    mark,
  ) => html`<line class="${Math.abs(mark) < 1e-12 ? 'axis' : 'grid'}" x1="${fixed(scale(mark))}" x2="${fixed(scale(mark))}" y1="4" y2="${height - 26}"/>
<text x="${fixed(scale(mark))}" y="${height - 10}" text-anchor="middle">${tickText(mark, marks)}</text>`,
)}
<line class="axis" x1="${fixed(scale(0))}" x2="${fixed(scale(0))}" y1="4" y2="${height - 26}"/>
${groups.map(({ setting, rival, gains }, g) => {
  const top = g * groupHeight + 10;
  return html`<text class="strong" x="0" y="${top + 10}">${settingLabel(setting)}</text><text x="0" y="${top + 23}">vs ${rival.label}</text>
${gains.map(({ mean, low, high }, m) => {
  const y = top + m * ROW + 9;
  return html`<g class="m${(m % 3) + 1}"><title>${models[m]!.label}, ${settingLabel(setting)}: ${formatGain(mean)}, ${formatGain(low)} … ${formatGain(high)}</title>
<line x1="${fixed(scale(low))}" x2="${fixed(scale(high))}" y1="${y}" y2="${y}" style="stroke:var(--c);stroke-width:2.5;stroke-linecap:round"/>
<circle cx="${fixed(scale(mean))}" cy="${y}" r="4.5" style="fill:var(--c)"/></g>`;
})}`;
})}
</svg><figcaption><strong>${dataset.name}</strong>${modelLegend(dataset)}</figcaption></figure>`;
}

/** Which colour is which model; nothing to say when there is only one. */
export function modelLegend(dataset: DataSet): Markup | false {
  const { models } = dataset;
  if (models.length < 2) return false;
  const shown = shownModels(dataset);
  const left = models.length - shown.length;
  return html`<ul class="legend">${shown.map(
    ({ label }, at) =>
      html`<li><svg class="m${(at % 3) + 1}" width="18" height="10" aria-hidden="true"><line x1="1" x2="17" y1="5" y2="5" style="stroke:var(--c);stroke-width:2.5"/></svg>${label}</li>`,
  )}${left > 0 && html`<li>the best of ${models.length}; the tables have all</li>`}</ul>`;
}

function gainTable(dataset: DataSet, model: Row): Markup {
  const { baselines, settings } = dataset;
  const gains = baselines.map((baseline) =>
    settings.map((setting) => gainOf(model, setting.name, baseline.name)),
  );
  const verdicts = verdictsOf(gains.flat());
  return html`<div class="scroll sticky" tabindex="0" role="region" aria-label="${model.label}: gains"><table>
<caption>${model.label}: gain in SSIM (wang, composite, test), 95 % interval</caption>
<thead><tr><th scope="col">over</th>${settings.map(
    (setting) => html`<th scope="col">${settingLabel(setting)}</th>`,
  )}</tr></thead>
<tbody>${baselines.map(
    (baseline, b) =>
      html`<tr><th scope="row">${baseline.label}</th>${gains[b]!.map(
        ({ mean, low, high }, s) =>
          html`<td class="${VERDICT_CLASSES[verdicts[b * settings.length + s]!]}">${formatGain(mean)}<small>${formatGain(low)} … ${formatGain(high)}</small></td>`,
      )}</tr>`,
  )}</tbody></table></div>`;
}
