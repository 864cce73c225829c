/** Where the model fails: its worst image of each setting, and what the best fill makes of it. */

import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import { bestBaseline, type DataSet } from '../results.js';
import { settingLabel } from './format.js';
import { pictureCell } from './side-by-side.js';

export function failuresSection(datasets: readonly DataSet[]): Markup | false {
  const shown = datasets.filter(({ index }) => worstOf(index.picks[0]) >= 0);
  if (shown.length === 0) return false;
  return html`<section id="failures" aria-labelledby="failures-title">
<h2 id="failures-title">Where it fails</h2>
<p class="about">The first model’s worst image of each setting by its SSIM (wang, composite), and what the best classical
fill makes of the same image.</p>
<div class="beside">${shown.map(table)}</div></section>`;
}

function worstOf(picks: DataSet['index']['picks'][number] | undefined): number {
  return picks?.findIndex(({ kind }) => kind === 'worst') ?? -1;
}

function table(dataset: DataSet): Markup {
  const [{ items, label }] = dataset.models;
  const [item] = items;
  return html`<div><h3>${dataset.name}</h3><table class="grid-table small">
<thead><tr><th scope="col">hole</th><th scope="col">original</th><th scope="col">occluded</th><th scope="col">${label}</th><th scope="col">best fill</th></tr></thead>
<tbody>${dataset.settings.map((setting, s) => {
    const pick = worstOf(item.index.picks[s]);
    const rival = bestBaseline(dataset, setting.name);
    return html`<tr><th scope="row">${settingLabel(setting)}<br><small>${rival.label}</small></th>${(
      [
        ['original', 'original'],
        ['occluded', 'occluded'],
        ['model', label],
        [rival.method, rival.label],
      ] as const
    ).map(([layer, name]) => pictureCell(item, s, pick, layer, name))}</tr>`;
  })}</tbody></table></div>`;
}
