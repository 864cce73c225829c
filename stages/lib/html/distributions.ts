/** How the SSIM of single images is spread: densities of the models, the best classical fill and the mean. */

import { power } from '@pipe-experiment/numerics/power.js';
import { quantile, spread } from '@pipe-experiment/numerics/statistics.js';
import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import { fixed, linearScale, linePath, ticks, tickText } from '@pipe-experiment/pages/scale.js';
import { bestBaseline, type DataSet, imageScores, type Row, shownModels } from '../results.js';
import type { Setting } from '../scores.js';
import { settingLabel } from './format.js';

const WIDTH = 320;
const HEIGHT = 150;
const BASE = HEIGHT - 26;
/** Room for half of the last tick's number. */
const RIGHT = WIDTH - 14;

export function distributionsSection(datasets: readonly DataSet[]): Markup {
  return html`<section id="distributions" aria-labelledby="distributions-title">
<h2 id="distributions-title">Image by image</h2>
<p class="about">Density of the SSIM (wang, composite) over the test images; the short line below each curve is its
median. A mean hides the hard images: here they are, to the left.</p>
${datasets.map(
  (dataset) => html`<h3>${dataset.name}</h3>${legend(dataset)}
<div class="charts">${dataset.settings.map((setting) => panel(dataset, setting))}</div>`,
)}</section>`;
}

interface Curve {
  readonly row: Row;
  readonly style: string;
  readonly sorted: Float64Array;
}

function curvesOf(dataset: DataSet, setting: Setting): Curve[] {
  const mean = dataset.baselines.find(({ name }) => name === 'mean');
  const curve = (row: Row, style: string) => ({
    row,
    style,
    sorted: imageScores(row, setting.name).sort(),
  });
  return [
    ...(mean ? [curve(mean, 'b0')] : []),
    curve(bestBaseline(dataset, setting.name), 'b1'),
    ...shownModels(dataset).map((model, at) => curve(model, `m${(at % 3) + 1}`)),
  ];
}

function panel(dataset: DataSet, setting: Setting): Markup {
  const curves = curvesOf(dataset, setting);
  const low = Math.min(...curves.map(({ sorted }) => quantile(sorted, 0.01)));
  const high = Math.max(...curves.map(({ sorted }) => sorted.at(-1)!));
  const x = linearScale(
    [low - 0.05 * (high - low), Math.min(1, high + 0.03 * (high - low))],
    6,
    RIGHT,
  );
  const densities = curves.map(({ sorted }) => density(sorted, x.domain));
  const y = linearScale([0, Math.max(...densities.flat())], BASE, 14);
  const marks = ticks(x.domain, 4);
  const step = (x.domain[1] - x.domain[0]) / (densities[0]!.length - 1);
  return html`<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${dataset.name}, ${settingLabel(setting)}: ${curves
    .map(({ row, sorted }) => `${row.label} median ${quantile(sorted, 0.5).toFixed(3)}`)
    .join(', ')}">
${marks.map((mark) => html`<text x="${fixed(x(mark))}" y="${HEIGHT - 4}" text-anchor="middle">${tickText(mark, marks)}</text>`)}
<line class="axis" x1="0" x2="${WIDTH}" y1="${BASE}" y2="${BASE}"/>
${curves.map(({ row, style, sorted }, at) => {
  const line = linePath(densities[at]!.map((value, i) => [x(x.domain[0] + i * step), y(value)]));
  const middle = fixed(x(quantile(sorted, 0.5)));
  const model = row.method === 'model';
  return html`<g class="${style}"><title>${row.label}</title>
${model && html`<path d="${line}L${RIGHT} ${BASE}L6 ${BASE}Z" style="fill:var(--c);opacity:.13"/>`}
<path d="${line}" style="fill:none;stroke:var(--c);stroke-width:${model ? 2.2 : 1.4}"/>
<line x1="${middle}" x2="${middle}" y1="${BASE}" y2="${BASE + 7}" style="stroke:var(--c);stroke-width:2"/></g>`;
})}
</svg><figcaption>${settingLabel(setting)}</figcaption></figure>`;
}

/** Gaussian kernel density with Silverman's bandwidth, at 81 places over the domain. */
function density(values: Float64Array, [low, high]: readonly [number, number]): number[] {
  const places = 81;
  const range = quantile(values, 0.75) - quantile(values, 0.25);
  const { std } = spread(values);
  const scale = Math.min(std, range / 1.34) || std || (high - low) / 20;
  const width = Math.max(0.9 * scale * power(values.length, -0.2), (high - low) / 200);
  return Array.from({ length: places }, (_, i) => {
    const at = low + ((high - low) * i) / (places - 1);
    let sum = 0;
    for (const value of values) sum += Math.exp(-0.5 * ((at - value) / width) ** 2);
    return sum / (values.length * width * Math.sqrt(2 * Math.PI));
  });
}

function legend(dataset: DataSet): Markup {
  const entry = (style: string, text: string) =>
    html`<li><svg class="${style}" width="18" height="10" aria-hidden="true"><line x1="1" x2="17" y1="5" y2="5" style="stroke:var(--c);stroke-width:2.5"/></svg>${text}</li>`;
  return html`<ul class="legend">${shownModels(dataset).map(({ label }, at) => entry(`m${(at % 3) + 1}`, label))}
${entry('b1', 'best classical fill of the setting')}${dataset.baselines.some(({ name }) => name === 'mean') && entry('b0', 'mean of the known pixels')}</ul>`;
}
