/** What the report was made from: data, definitions, methods, parameters, digests. */
import { type BaselineName, METHOD_TEXTS } from '@pipe-experiment/fills/methods.js';
import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import { formatCount, formatPercent } from '@pipe-experiment/pages/number-format.js';
import type { DataSet } from '../results.js';
import { SSIM_TEXTS, settingLabel, sourceText } from './format.js';

/** Digests by the file's name, for each item. */
export interface Used {
  readonly item: string;
  readonly digests: Readonly<Record<string, string>>;
}

export function provenanceSection(
  datasets: readonly DataSet[],
  params: unknown,
  used: readonly Used[],
): Markup {
  return html`<section id="made-from" aria-labelledby="made-from-title">
<h2 id="made-from-title">What this was made from</h2>
<h3>Data</h3>
${datasets.map(dataOf)}
<h3>SSIM, by name</h3>
<p>K₁ = 0.01, K₂ = 0.03, L = 255, in float64 on 8-bit images; colour is the mean over the channels.</p>
<ul>${SSIM_TEXTS.map(({ name, text }) => html`<li><strong>${name}</strong>: ${text}</li>`)}</ul>
<h3>Methods</h3>
<ul>${methodsIn(datasets).map(
    (name) =>
      html`<li><strong>${METHOD_TEXTS[name].label}</strong>: ${METHOD_TEXTS[name].about}</li>`,
  )}</ul>
<details><summary>Parameters</summary><pre tabindex="0">${JSON.stringify(paramsInUse(params, used), null, 2)}</pre></details>
<details><summary>Digests (sha256) of the files used</summary>
<div class="scroll" tabindex="0" role="region" aria-label="digests"><table><thead><tr><th scope="col">item</th><th scope="col" class="text">file</th><th scope="col" class="text">sha256</th></tr></thead>
<tbody>${used.map(({ item, digests }) =>
    Object.entries(digests).map(
      ([file, digest], at) =>
        html`<tr><th scope="row">${at === 0 && item}</th><td class="text">${file}</td><td class="digest">${digest}</td></tr>`,
    ),
  )}</tbody></table></div></details>
</section>`;
}

/** The params without the models and sources of other items than those of the page. */
export function paramsInUse(params: unknown, used: readonly Used[]): unknown {
  const named = new Set(used.flatMap(({ item }) => item.slice(item.indexOf('@') + 1).split(',')));
  const tree = params as Readonly<Record<string, unknown>>;
  const kept = (part: string) => {
    const all = Object.entries((tree[part] ?? {}) as object);
    const some = all.filter(([name]) => named.has(name));
    return all.length === 0 ? {} : { [part]: Object.fromEntries(some.length > 0 ? some : all) };
  };
  return { ...tree, ...kept('sources'), ...kept('model') };
}

function dataOf({ name, index, settings, models }: DataSet): Markup {
  const { source, image, sides, notes } = index;
  const heldOut = models.flatMap(({ items }) =>
    items.map((item) => item.index.sides.train.heldOut),
  );
  return html`<p><strong>${name}</strong>: ${sourceText(source)}${source.licence && `, ${source.licence}`};
${image.size} × ${image.size} pixels, ${image.channels === 1 ? 'gray' : 'colour'}; scored on ${formatCount(sides.test.scored)}
test images and ${formatCount(sides.train.scored)} of ${formatCount(sides.train.of)} train images${heldOutText(Math.max(...heldOut))}. Holes:
${settings.map((setting) => `${settingLabel(setting)} (${formatPercent(setting.meanArea)})`).join(', ')}.</p>
${notes.map((note) => html`<p class="note"><strong>Note.</strong> ${note}</p>`)}`;
}

/** Trainings with other seeds hold out other images. */
function heldOutText(most: number): string {
  return most === 0 ? '' : `, up to ${most} of which a training held out for validation`;
}

/** The classical methods that were evaluated. */
export function methodsIn(datasets: readonly DataSet[]): readonly BaselineName[] {
  return [
    ...new Set(
      datasets.flatMap(({ baselines }) => baselines.map(({ name }) => name as BaselineName)),
    ),
  ];
}
