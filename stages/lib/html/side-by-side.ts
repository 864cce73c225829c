/** The paper's figure: images of both data sets side by side, one hole, truth, occluded, restored and the best fill. */

import { pngDataUri } from '@pipe-experiment/images/png.js';
import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import type { Layer } from '../examples.js';
import { bestBaseline, type DataSet, type Item } from '../results.js';
import type { Setting } from '../scores.js';
import { settingLabel } from './format.js';
import { layerLabel } from './pictures.js';

/** Images of each data set. */
const SHOWN = 8;
/** The paper's larger square, as a share of the side; the setting that is nearest to it is shown. */
const WANTED_AREA = 0.16;

export function sideBySideSection(datasets: readonly DataSet[]): Markup | false {
  const shown = datasets.slice(0, 2).filter(({ index }) => seededOf(index.picks[0]).length > 0);
  if (shown.length === 0) return false;
  return html`<section id="side-by-side" aria-labelledby="side-by-side-title">
<h2 id="side-by-side-title">The paper’s figure</h2>
<p class="about">Test images drawn by seed, not by their score, with one and the same kind of hole; the known pixels are
kept. SSIM (wang, composite) below.</p>
<div class="beside">${shown.map(column)}</div></section>`;
}

function seededOf(picks: DataSet['index']['picks'][number] | undefined): readonly number[] {
  const all = picks ?? [];
  return [...all.keys()].filter((at) => all[at]!.kind === 'seeded').slice(0, SHOWN);
}

function column(dataset: DataSet): Markup {
  const { settings, models } = dataset;
  const s = settings.indexOf(nearest(settings));
  const setting = settings[s]!;
  const [{ items, label }] = models;
  const rival = bestBaseline(dataset, setting.name);
  const layers: readonly Layer[] = ['original', 'occluded', 'model', rival.method];
  const names = ['original', 'occluded', label, rival.label];
  const { picks } = items[0].index;
  return html`<div><h3>${dataset.name}, ${settingLabel(setting)}</h3>
<table class="grid-table small"><thead><tr>${names.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${seededOf(picks[s]).map(
    (pick) =>
      html`<tr>${layers.map((layer, at) => pictureCell(items[0], s, pick, layer, names[at]!))}</tr>`,
  )}</tbody></table></div>`;
}

function nearest(settings: readonly Setting[]): Setting {
  const off = ({ meanArea }: Setting) => Math.abs(meanArea - WANTED_AREA);
  return settings.reduce((best, one) => (off(one) < off(best) ? one : best));
}

/** A picture with its score, if it has one. */
export function pictureCell(
  { index, examples }: Item,
  setting: number,
  pick: number,
  layer: Layer,
  name: string,
): Markup {
  const { size, channels } = index.image;
  const length = size * size * channels;
  const picks = index.picks[setting]!;
  const at = (setting * picks.length + pick) * index.layers.length + index.layers.indexOf(layer);
  const pixels = examples.subarray(at * length, (at + 1) * length);
  const score = picks[pick]!.ssim[layer];
  return html`<td data-name="${name}"><img src="${pngDataUri(pixels, size, size, channels === 3 ? 3 : 1)}" width="${size}" height="${size}" alt="${layerLabel(layer)}"><small>${score === undefined ? '\u00a0' : score.toFixed(3)}</small></td>`;
}
