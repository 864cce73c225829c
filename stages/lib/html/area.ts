/** SSIM by the occluded share of the image: one chart for each data set and shape. */

import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import {
  extent,
  fixed,
  linearScale,
  linePath,
  spreadOut,
  ticks,
  tickText,
} from '@pipe-experiment/pages/scale.js';
import { bestBaseline, type DataSet, headline, type Row, shownModels } from '../results.js';
import type { Setting } from '../scores.js';

const WIDTH = 460;
const HEIGHT = 270;
const FRAME = { left: 40, right: WIDTH - 96, top: 10, bottom: HEIGHT - 34 };

/** Beside those that are best somewhere; more lines would hide each other. */
const ALWAYS_DRAWN: readonly string[] = ['mean', 'telea', 'harmonic', 'exemplar'];

/** Without three settings of a shape there is no curve to draw. */
export function areaSection(datasets: readonly DataSet[]): Markup | false {
  const charts = datasets.flatMap((dataset) =>
    [...new Set(dataset.settings.map(({ shape }) => shape))].flatMap((shape) => {
      const settings = dataset.settings.filter((setting) => setting.shape === shape);
      return settings.length < 3 ? [] : [chart(dataset, shape, settings)];
    }),
  );
  if (charts.length === 0) return false;
  return html`<section id="area" aria-labelledby="area-title">
<h2 id="area-title">By the size of the hole</h2>
<p class="about">SSIM (wang, composite, test) against the mean occluded share of the image: the models, the
fills that are best somewhere, and a few others.</p>
<div class="charts wide">${charts}</div></section>`;
}

function chart(dataset: DataSet, shape: string, settings: readonly Setting[]): Markup {
  const best = settings.map(({ name }) => bestBaseline(dataset, name).name);
  const drawn = dataset.baselines.filter(
    ({ name }) => best.includes(name) || ALWAYS_DRAWN.includes(name),
  );
  const lines = [...drawn, ...shownModels(dataset)].map((row) => ({
    row,
    values: settings.map(({ name }) => headline(row, name).mean),
  }));
  const x = linearScale(
    [0, Math.max(...settings.map(({ meanArea }) => meanArea))],
    FRAME.left,
    FRAME.right,
  );
  const y = linearScale(extent(lines.flatMap(({ values }) => values)), FRAME.bottom, FRAME.top);
  const areas = ticks(x.domain, 5);
  const marks = ticks(y.domain, 5);
  const ends = spreadOut(
    lines.map(({ values }) => y(values.at(-1)!)),
    13,
  );
  return html`<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${dataset.name}, ${shape}: SSIM by occluded area; the figures are in the table above">
${marks.map((mark) => html`<line class="grid" x1="${FRAME.left}" x2="${FRAME.right}" y1="${fixed(y(mark))}" y2="${fixed(y(mark))}"/><text x="${FRAME.left - 6}" y="${fixed(y(mark) + 4)}" text-anchor="end">${tickText(mark, marks)}</text>`)}
${areas.map((mark) => html`<text x="${fixed(x(mark))}" y="${FRAME.bottom + 17}" text-anchor="middle">${Math.round(mark * 100)} %</text>`)}
<line class="axis" x1="${FRAME.left}" x2="${FRAME.right}" y1="${FRAME.bottom}" y2="${FRAME.bottom}"/>
${lines.map(({ row, values }, at) => {
  const points = values.map((value, i) => [x(settings[i]!.meanArea), y(value)] as const);
  const end = ends[at]!;
  return html`<g class="${colourOf(dataset, row)}"><title>${row.label}</title>
<path d="${linePath(points)}" style="fill:none;stroke:var(--c);stroke-width:${row.method === 'model' ? 2.6 : 1.3}"/>
${row.method === 'model' && points.map(([px, py]) => html`<circle cx="${fixed(px)}" cy="${fixed(py)}" r="3.2" style="fill:var(--c)"/>`)}
<path d="M${fixed(FRAME.right + 2)} ${fixed(points.at(-1)![1])}L${fixed(FRAME.right + 9)} ${fixed(end)}" style="fill:none;stroke:var(--c);stroke-width:.8"/>
<text${row.method === 'model' && html` class="strong"`} x="${FRAME.right + 12}" y="${fixed(end + 4)}">${row.label}</text></g>`;
})}
</svg><figcaption><strong>${dataset.name}</strong>, ${shape}</figcaption></figure>`;
}

/** Models in the accents, classical fills in blues, those that do next to nothing in gray. */
function colourOf({ models }: DataSet, row: Row): string {
  const at = models.indexOf(row);
  if (at >= 0) return `m${(at % 3) + 1}`;
  return row.name === 'mean'
    ? 'b0'
    : row.name === 'telea' || row.name === 'navier-stokes'
      ? 'b2'
      : 'b1';
}
