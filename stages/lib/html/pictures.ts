/** Example images as strips, one PNG for each example: its layers one below the other, cropped by `viewBox`. */

import { METHOD_TEXTS } from '@pipe-experiment/fills/methods.js';
import { pngDataUri } from '@pipe-experiment/images/png.js';
import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import { formatPercent } from '@pipe-experiment/pages/number-format.js';
import type { Layer } from '../examples.js';
import { bestBaseline, type DataSet, type Item, shownModels } from '../results.js';
import { settingLabel } from './format.js';

/** All layers of one example as a PNG, size wide and size × layers high. */
export function stripOf({ index, examples }: Item, setting: number, pick: number): string {
  const { size, channels } = index.image;
  const length = size * size * channels * index.layers.length;
  const at = setting * (index.picks[setting]?.length ?? 0) + pick;
  const pixels = examples.subarray(at * length, (at + 1) * length);
  return pngDataUri(pixels, size, size * index.layers.length, channels === 3 ? 3 : 1);
}

export function layerLabel(layer: Layer): string {
  switch (layer) {
    case 'original':
    case 'occluded':
      return layer;
    case 'model':
      return 'restored';
    case 'model whole':
      return 'whole output';
    default:
      return layer in METHOD_TEXTS ? METHOD_TEXTS[layer as keyof typeof METHOD_TEXTS].label : layer;
  }
}

/** Original, occluded and restored for every setting: the same image, drawn by seed and not by its score. */
export function picturesSection(datasets: readonly DataSet[]): Markup | false {
  const shown = datasets.filter(({ index }) => (index.picks[0]?.length ?? 0) > 0);
  if (shown.length === 0) return false;
  return html`<section id="restored" aria-labelledby="restored-title">
<h2 id="restored-title">Original, occluded, restored</h2>
<p class="about">A test image drawn by seed, not by its score; the known pixels are kept. SSIM (wang, composite) below
each. The last column is the first model’s error, from black (none) to white (64 gray levels and more).</p>
${shown.map(grid)}</section>`;
}

function grid(dataset: DataSet, number: number): Markup {
  const models = shownModels(dataset);
  const rows = dataset.settings.map((setting, s) => {
    const picks = dataset.index.picks[s]!;
    const pick = Math.max(
      0,
      picks.findIndex(({ kind }) => kind === 'seeded'),
    );
    return { setting, s, pick, rival: bestBaseline(dataset, setting.name) };
  });
  const strip = (row: number, model: number) => `strip-${number}-${row}-${model}`;
  return html`<h3>${dataset.name}</h3>
<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>${rows.map(
    ({ s, pick }, r) =>
      models.map(({ items: [item] }, m) => {
        const { size } = item.index.image;
        return html`<image id="${strip(r, m)}" width="${size}" height="${size * item.index.layers.length}" href="${stripOf(item, s, pick)}"/>`;
      }),
  )}</defs></svg>
<div class="scroll" tabindex="0" role="region" aria-label="${dataset.name}: images by setting"><table class="grid-table">
<thead><tr><th scope="col">hole</th><th scope="col">original</th><th scope="col">occluded</th><th scope="col">best classical</th>${models.map(
    ({ label }) => html`<th scope="col">${label}</th>`,
  )}<th scope="col">error</th></tr></thead>
<tbody>${rows.map(({ setting, s, pick, rival }, r) => {
    const crop = (layer: Layer, m = 0) => cropOf(models[m]!.items[0], layer, strip(r, m));
    const score = (method: string, m = 0) =>
      (models[m]!.items[0].index.picks[s]![pick]!.ssim[method] ?? Number.NaN).toFixed(3);
    return html`<tr><th scope="row">${settingLabel(setting)}<br><small>${formatPercent(setting.meanArea)}</small></th>
<td data-name="original">${crop('original')}<small>&nbsp;</small></td>
<td data-name="occluded">${crop('occluded')}<small>&nbsp;</small></td>
<td data-name="best classical">${crop(rival.method)}<small>${rival.label} ${score(rival.method)}</small></td>
${models.map(({ label }, m) => html`<td data-name="${label}">${crop('model', m)}<small>${score('model', m)}</small></td>`)}
<td data-name="error">${errorMap(models[0]!.items[0], strip(r, 0))}<small>&nbsp;</small></td></tr>`;
  })}</tbody></table></div>`;
}

function cropOf({ index }: Item, layer: Layer, strip: string): Markup {
  const { size } = index.image;
  const top = index.layers.indexOf(layer) * size;
  return html`<svg viewBox="0 ${top} ${size} ${size}" role="img" aria-label="${layerLabel(layer)}"><use href="#${strip}"/></svg>`;
}

function errorMap({ index }: Item, strip: string): Markup {
  const { size } = index.image;
  const down = -index.layers.indexOf('model') * size;
  return html`<svg class="heat" viewBox="0 0 ${size} ${size}" role="img" aria-label="absolute error"><use href="#${strip}"/><use class="over" href="#${strip}" y="${down}"/></svg>`;
}
