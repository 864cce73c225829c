/** The tables by shape and by area, for data sets whose holes are of many sizes. */

import { type Verdict, verdictsOf } from '@pipe-experiment/numerics/verdicts.js';
import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import { formatGain } from '@pipe-experiment/pages/number-format.js';
import { AREA_BOUNDS, type AreaBin, linesByArea, type ShapeLine } from '../by-area.js';
import type { DataSet } from '../results.js';
import { settingLabel } from './format.js';
import { VERDICT_CLASSES } from './summary.js';

export const ABOUT_BY_AREA =
  'SSIM (wang, composite, test) of the images whose hole covers so much of the image, and the gain over the ' +
  'classical fill that is best on just these, with its 95 % interval (paired bootstrap).';

export function byAreaSection(datasets: readonly DataSet[]): Markup | false {
  const shown = datasets.filter((dataset) => linesByArea(dataset, dataset.models[0]).length > 0);
  if (shown.length === 0) return false;
  return html`<section id="shapes" aria-labelledby="shapes-title">
<h2 id="shapes-title">By shape and by area</h2>
<p class="about">${ABOUT_BY_AREA}</p>
${shown.flatMap((dataset) =>
  dataset.models.map(
    (model) => html`<h3>${dataset.name}, ${model.label}</h3>
<div class="scroll sticky" tabindex="0" role="region" aria-label="${dataset.name}, ${model.label}: by shape and area"><table>
<thead><tr><th scope="col">shape</th>${binLabels().map((label) => html`<th scope="col">${label}</th>`)}</tr></thead>
<tbody>${lines(linesByArea(dataset, model))}</tbody></table></div>`,
  ),
)}</section>`;
}

export function binLabels(): readonly string[] {
  const percent = (share: number) => Math.round(share * 100);
  return AREA_BOUNDS.slice(1).map((to, at) => {
    const from = AREA_BOUNDS[at]!;
    if (from === 0) return `below ${percent(to)} %`;
    return to === 1 ? `${percent(from)} % and more` : `${percent(from)}–${percent(to)} %`;
  });
}

function lines(all: readonly ShapeLine[]): Markup[] {
  const bins = all.flatMap(({ bins }) => bins.filter((bin) => bin !== undefined));
  const verdicts = verdictsOf(bins.map(({ gain }) => gain));
  const verdictOf = (bin: AreaBin) => verdicts[bins.indexOf(bin)]!;
  return all.map(
    ({ setting, bins }) =>
      html`<tr><th scope="row">${settingLabel(setting)}</th>${bins.map((bin) => (bin === undefined ? html`<td>–</td>` : cell(bin, verdictOf(bin))))}</tr>`,
  );
}

function cell(bin: AreaBin, verdict: Verdict): Markup {
  const { model, classical, rival, gain, images } = bin;
  return html`<td>${model.toFixed(4)} <span class="${VERDICT_CLASSES[verdict]}">${formatGain(gain.mean)}</span><small>${formatGain(gain.low)} … ${formatGain(gain.high)}</small><small>${rival.label} ${classical.toFixed(4)}</small><small>${images} images</small></td>`;
}
