/** The curves of homogeneity: cuts against the steps of an axis, a line for each kind of hole. */

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
import { tableOf } from '@pipe-experiment/pages/text-table.js';
import {
  ABOUT_HOMOGENEITY,
  HOMOGENEITY_TITLE,
  type HomogeneityCurve,
  homogeneityTable,
} from '../homogeneity.js';
import { settingLabel } from './format.js';

const WIDTH = 460;
const HEIGHT = 270;
const FRAME = { left: 44, right: WIDTH - 96, top: 12, bottom: HEIGHT - 34 };
/** Between the bars of two kinds of holes at one step. */
const APART = 4;
const COLOURS = ['m1', 'm2', 'm3', 'b1', 'b2'];

export function homogeneitySection(curves: readonly HomogeneityCurve[]): Markup | false {
  if (curves.length === 0) return false;
  return html`<section id="homogeneity" aria-labelledby="homogeneity-title">
<h2 id="homogeneity-title">${HOMOGENEITY_TITLE}</h2>
<p class="about">${ABOUT_HOMOGENEITY}</p>
<div class="charts wide">${curves.map(chart)}</div>
${curves.map((curve) => tableOf(homogeneityTable(curve)))}</section>`;
}

function chart({ axis, model, settings, steps }: HomogeneityCurve): Markup {
  const x = linearScale([0, Math.max(1, steps.length - 1)], FRAME.left + 24, FRAME.right - 24);
  const bounds = steps.flatMap(({ cuts }) => cuts.flatMap(({ low, high }) => [low, high]));
  const y = linearScale(
    extent([0, ...bounds].map((share) => 100 * share)),
    FRAME.bottom,
    FRAME.top,
  );
  const marks = ticks(y.domain, 5);
  const ends = spreadOut(
    settings.map((_, s) => y(100 * steps.at(-1)!.cuts[s]!.mean)),
    13,
  );
  return html`<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${axis}, ${model}: cut of 1 − SSIM by step; the figures are in the table below">
${marks.map((mark) => html`<line class="grid" x1="${FRAME.left}" x2="${FRAME.right}" y1="${fixed(y(mark))}" y2="${fixed(y(mark))}"/><text x="${FRAME.left - 6}" y="${fixed(y(mark) + 4)}" text-anchor="end">${tickText(mark, marks)} %</text>`)}
${steps.map(({ dataset }, at) => html`<text x="${fixed(x(at))}" y="${FRAME.bottom + 17}" text-anchor="middle">${dataset}</text>`)}
<line class="axis" x1="${FRAME.left}" x2="${FRAME.right}" y1="${fixed(y(0))}" y2="${fixed(y(0))}"/>
${settings.map((setting, s) => {
  const aside = APART * (s - (settings.length - 1) / 2);
  const points = steps.map(
    ({ cuts }, at) => [x(at) + aside, y(100 * cuts[s]!.mean), cuts[s]!] as const,
  );
  const label = settingLabel(setting);
  return html`<g class="${COLOURS[s % COLOURS.length]!}"><title>${label}</title>
<path d="${linePath(points.map(([px, py]) => [px, py] as const))}" style="fill:none;stroke:var(--c);stroke-width:1.6"/>
${points.map(([px, py, { low, high }]) => html`<path d="M${fixed(px)} ${fixed(y(100 * low))}L${fixed(px)} ${fixed(y(100 * high))}" style="stroke:var(--c);stroke-width:1"/><circle cx="${fixed(px)}" cy="${fixed(py)}" r="3" style="fill:var(--c)"/>`)}
<text x="${FRAME.right + 2}" y="${fixed(ends[s]! + 4)}">${label}</text></g>`;
})}
</svg><figcaption><strong>${axis}</strong>, ${model}</figcaption></figure>`;
}
