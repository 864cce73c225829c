/** Training curves: each loss of the history in a chart of its own, train and validation together. */

import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import {
  extent,
  fixed,
  linearScale,
  linePath,
  ticks,
  tickText,
} from '@pipe-experiment/pages/scale.js';
import { type DataSet, type Item, shownModels } from '../results.js';
import type { HistoryEntry } from '../scores.js';
import { modelLegend } from './improvements-table.js';

const WIDTH = 320;
const HEIGHT = 190;
const FRAME = { left: 46, right: WIDTH - 8, top: 10, bottom: HEIGHT - 26 };

/** Numbers of an epoch that say how it was trained, not how it went. */
const SETTINGS_OF_EPOCHS = new Set(['epoch', 'learningRate', 'klWeight', 'seconds', 'step']);

export function curvesSection(datasets: readonly DataSet[]): Markup {
  return html`<section id="training" aria-labelledby="training-title">
<h2 id="training-title">Training</h2>
<p class="about">By epoch, a line for each seed; dashed where it is measured on images held out for
validation, of people or scenes that are not trained on.</p>
${datasets.map((dataset) => {
  const charts = chartsOf(dataset);
  return html`<h3>${dataset.name}</h3>${
    charts.length === 0
      ? html`<p>No training history was kept.</p>`
      : html`${modelLegend(dataset)}<div class="charts">${charts}</div>`
  }`;
})}</section>`;
}

interface Line {
  readonly style: string;
  readonly label: string;
  readonly dashed: boolean;
  readonly points: readonly (readonly [epoch: number, value: number])[];
}

function chartsOf(dataset: DataSet): Markup[] {
  const lines = new Map<string, Line[]>();
  shownModels(dataset).forEach(({ items }, at) => {
    for (const item of items) {
      for (const [name, line] of linesOf(item, `m${(at % 3) + 1}`)) {
        lines.set(name, [...(lines.get(name) ?? []), line]);
      }
    }
  });
  const leading = [...lines].sort(([a], [b]) => Number(b === 'loss') - Number(a === 'loss'));
  return leading.map(([name, drawn]) => chart(dataset.name, name, drawn));
}

/** The curves of one item, each under the name of its chart: `val.loss` goes with `loss`. */
function linesOf(item: Item, style: string): (readonly [string, Line])[] {
  const { history } = item.index;
  const names = new Set(history.flatMap((entry) => Object.keys(flatten(entry))));
  const shown = [...names].filter((name) => !SETTINGS_OF_EPOCHS.has(name));
  return shown.map((name) => {
    const dashed = /^val(idation)?\./.test(name);
    const points = history.flatMap((entry, at) => {
      const flat = flatten(entry);
      const value = flat[name];
      return value === undefined || !Number.isFinite(value)
        ? []
        : [[flat.epoch ?? at + 1, value] as const];
    });
    const seed = item.seed === undefined ? '' : `, seed ${item.seed}`;
    // What the network starts from, its pre-fill, is a level line in the chart of its score.
    const start = name.endsWith('Prefill');
    const label = `${item.variant}${seed}${dashed ? ', validation' : ''}${start ? ', before the network' : ''}`;
    const chart = name.replace(/^val(idation)?\.|Prefill$/g, '');
    return [chart, { style: start ? 'b1' : style, label, dashed, points }];
  });
}

function flatten(entry: HistoryEntry, prefix = ''): Record<string, number> {
  return Object.fromEntries(
    Object.entries(entry).flatMap(([name, value]) =>
      typeof value === 'number'
        ? [[prefix + name, value]]
        : Object.entries(flatten(value, `${prefix}${name}.`)),
    ),
  );
}

function chart(dataset: string, name: string, lines: readonly Line[]): Markup {
  const epochs = lines.flatMap(({ points }) => points.map(([epoch]) => epoch));
  const last = Math.max(...epochs);
  const x = linearScale([Math.min(...epochs, last - 1), last], FRAME.left, FRAME.right);
  const y = linearScale(
    extent(lines.flatMap(({ points }) => points.map(([, value]) => value))),
    FRAME.bottom,
    FRAME.top,
  );
  const marks = ticks(y.domain, 4);
  const steps = ticks(x.domain, Math.min(6, last)).filter((mark) => Number.isInteger(mark));
  return html`<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${dataset}: ${name} by epoch; ${lines
    .map(({ label, points }) => `${label} ends at ${points.at(-1)?.[1].toPrecision(3) ?? '–'}`)
    .join(', ')}">
${marks.map((mark) => html`<line class="grid" x1="${FRAME.left}" x2="${FRAME.right}" y1="${fixed(y(mark))}" y2="${fixed(y(mark))}"/><text x="${FRAME.left - 6}" y="${fixed(y(mark) + 4)}" text-anchor="end">${tickText(mark, marks)}</text>`)}
${steps.map((mark) => html`<text x="${fixed(x(mark))}" y="${HEIGHT - 8}" text-anchor="middle">${mark}</text>`)}
<line class="axis" x1="${FRAME.left}" x2="${FRAME.right}" y1="${FRAME.bottom}" y2="${FRAME.bottom}"/>
${lines.map(({ style, label, dashed, points }) => {
  const drawn = points.map(([epoch, value]) => [x(epoch), y(value)] as const);
  return html`<g class="${style}"><title>${label}</title>${
    drawn.length === 1
      ? html`<circle cx="${fixed(drawn[0]![0])}" cy="${fixed(drawn[0]![1])}" r="3" style="fill:var(--c)"/>`
      : html`<path d="${linePath(drawn)}" style="fill:none;stroke:var(--c);stroke-width:2${dashed && ';stroke-dasharray:5 4'}"/>`
  }</g>`;
})}
</svg><figcaption><strong>${name}</strong>${lines.some(({ style }) => style === 'b1') && '; blue: before the network'}</figcaption></figure>`;
}
