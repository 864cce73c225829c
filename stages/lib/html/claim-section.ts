/** Does it need a homogeneous data set? The two data sets side by side, and what the figures say. */

import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import { formatGain } from '@pipe-experiment/pages/number-format.js';
import { type Claim, type ClaimLine, type Cut, type CutLine, PAPER_GAP } from '../claim.js';
import { PAPER_ROWS } from '../paper.js';
import { settingLabel } from './format.js';

export const CLAIM_TITLE = 'Does it need a homogeneous data set?';

export const CLAIM_COLUMNS = ['hole', 'SSIM, test', 'the model’s gap', 'best classical fill’s gap'];

export const CUT_COLUMNS = ['hole', 'homogeneous', 'heterogeneous', 'difference'];

export const ABOUT_CUTS =
  'By how much the model cuts 1 − SSIM (wang, composite) of the best classical fill, in percent of it, with 95 % ' +
  'intervals. That is relative to how hard the images are.';

export function claimPart(claim: Claim | undefined): Markup | false {
  if (claim === undefined) return false;
  return html`<h3>${CLAIM_TITLE}</h3>
<p>${claimIntroduction(claim)}</p>
<div class="scroll"><table><thead><tr>${CLAIM_COLUMNS.map((name, at) => html`<th scope="col"${at === 1 && html` class="text"`}>${name}</th>`)}</tr></thead>
<tbody>${claim.lines.map((line) => {
    const [hole, score, ...gaps] = claimCells(line);
    return html`<tr><th scope="row">${hole}</th><td class="text">${score}</td>${gaps.map((gap) => html`<td>${gap}</td>`)}</tr>`;
  })}</tbody></table></div>
<p>${ABOUT_CUTS}</p>
<div class="scroll"><table><thead><tr>${CUT_COLUMNS.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${claim.cuts.map((line) => {
    const [hole, ...cells] = cutCells(line);
    return html`<tr><th scope="row">${hole}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;
  })}</tbody></table></div>
<p>${claimVerdict(claim)}</p>`;
}

export function claimIntroduction({ homogeneous, heterogeneous, model }: Claim): string {
  const [animals, faces] = PAPER_ROWS;
  return (
    `The paper’s test figures differ by ${PAPER_GAP.toFixed(4)} between ${faces!.data} and ${animals!.data}, and it ` +
    `concludes that the network needs homogeneous images. Here is how much better ${model} restores ` +
    `${homogeneous.name} than ${heterogeneous.name}, beside the best classical fill, which learns nothing: what it ` +
    'shows as well is how much harder the images are, not what a network needs.'
  );
}

export function claimCells({ setting, score, target, model, classical }: ClaimLine): string[] {
  const definition = `${score.replace('ssim.', '')}, ${target}`;
  return [settingLabel(setting), definition, formatGain(model), formatGain(classical)];
}

export function cutCells({ setting, homogeneous, heterogeneous, difference }: CutLine): string[] {
  return [settingLabel(setting), ...[homogeneous, heterogeneous, difference].map(cutText)];
}

export function cutText({ mean, low, high }: Cut): string {
  const percent = (share: number) => `${share < 0 ? '−' : ''}${Math.abs(100 * share).toFixed(1)}`;
  return `${percent(mean)} % (${percent(low)} … ${percent(high)})`;
}

/** What the figures say, and on which data. */
export function claimVerdict({ homogeneous, heterogeneous, model, cuts }: Claim): string {
  const standIn = homogeneous.index.source.standIn || heterogeneous.index.source.standIn;
  const more = cuts.filter(({ difference }) => difference.low > 0).length;
  const less = cuts.filter(({ difference }) => difference.high < 0).length;
  return (
    `${model} cuts more on ${homogeneous.name} than on ${heterogeneous.name} in ${more} of ${cuts.length} settings, less in ` +
    `${less}, beyond the interval. Two data sets differ in more than homogeneity (alignment, sharpness, number of ` +
    `people or scenes), so this does not test it${standIn ? '. These are stand-in data, which settle nothing about the paper’s' : ''}.`
  );
}
