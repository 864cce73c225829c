/** Does it need a homogeneous data set? The two data sets side by side, and what the figures say. */
import { type Claim, type ClaimLine, PAPER_GAP } from '../claim.js';
import { PAPER_ROWS } from '../paper.js';
import { formatGain, settingLabel } from './format.js';
import { html, type Markup } from './markup.js';

export const CLAIM_TITLE = 'Does it need a homogeneous data set?';

export const CLAIM_COLUMNS = ['hole', 'SSIM, test', 'the model’s gap', 'best classical fill’s gap'];

export function claimPart(claim: Claim | undefined): Markup | false {
  if (claim === undefined) return false;
  return html`<h3>${CLAIM_TITLE}</h3>
<p>${claimIntroduction(claim)}</p>
<div class="scroll"><table><thead><tr>${CLAIM_COLUMNS.map((name, at) => html`<th scope="col"${at === 1 && html` class="text"`}>${name}</th>`)}</tr></thead>
<tbody>${claim.lines.map((line) => {
    const [hole, score, ...gaps] = claimCells(line);
    return html`<tr><th scope="row">${hole}</th><td class="text">${score}</td>${gaps.map((gap) => html`<td>${gap}</td>`)}</tr>`;
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

/** What the figures say, and on which data. */
export function claimVerdict({ homogeneous, heterogeneous, model, ahead }: Claim): string {
  const standIn = homogeneous.index.source.standIn || heterogeneous.index.source.standIn;
  const counts =
    `${model} is ahead of the best classical fill on ${homogeneous.name} in ${ahead.homogeneous} of ${ahead.of} ` +
    `settings, on ${heterogeneous.name} in ${ahead.heterogeneous} of ${ahead.of}`;
  return `${counts}: ${meaningOf(ahead)}${standIn ? '. These are stand-in data, which settle nothing about the paper’s' : ''}.`;
}

function meaningOf({ homogeneous, heterogeneous, of }: Claim['ahead']): string {
  if (heterogeneous === of)
    return 'so it does not need homogeneous images to be worth its training';
  if (heterogeneous < homogeneous) return 'so on heterogeneous images it gains less';
  if (homogeneous === 0)
    return 'so on neither is it worth its training yet, and its gap says little';
  return 'so these figures do not tell the two kinds of data apart';
}
