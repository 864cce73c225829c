/** The ablation: what each switch of the base model costs or brings. */

import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import { formatGain, formatPercent, joinWords } from '@pipe-experiment/pages/number-format.js';
import type { Ablation, AblationCell, AblationLine, AblationScore } from '../ablation.js';
import type { Setting } from '../scores.js';
import { settingLabel } from './format.js';

export function ablationSection(ablations: readonly Ablation[]): Markup | false {
  const [first] = ablations;
  if (first === undefined) return false;
  return html`<section id="ablation" aria-labelledby="ablation-title">
<h2 id="ablation-title">Switch by switch</h2>
<p class="about">${aboutAblation(first)} ${first.seeds > 1 && colourRule(first.seeds)}</p>
${ablations.map(table)}</section>`;
}

/** Without any effect, n seeds agree with a chance of 2 · 2⁻ⁿ. */
function colourRule(seeds: number): string {
  const chance = formatPercent(2 ** (1 - seeds));
  return `Coloured where every seed says the same, which chance alone does in ${chance} of the cells.`;
}

export function aboutAblation({ lines, scores, seeds, epochs }: Ablation): string {
  const [base] = lines;
  const each = scores.map(({ score, target }, at) => {
    const of = target === 'whole' ? 'of the whole output' : 'of the composite';
    return `${score.replace('ssim.', '')} ${of}${at === 0 ? ' (as the paper scores)' : ''}`;
  });
  return (
    `Every model is ${base!.name} but for what stands beside its name, trained for ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}` +
    `${seeds > 1 ? ` with ${seeds} seeds` : ''}. SSIM on test images: ${joinWords(each)}. ` +
    `With each mean its change against the first line${
      seeds > 1 ? ', and the standard deviation of that change over seeds' : ''
    }.`
  );
}

export function columnLabel({ score, target }: AblationScore): string {
  return `${score.replace('ssim.', '')}, ${target === 'whole' ? 'whole output' : target}`;
}

export function changeText({ change, seeds }: AblationCell): string {
  if (change === undefined) return '';
  const { mean, std } = change;
  return seeds > 1 ? `${formatGain(mean)} ± ${std.toFixed(4)}` : formatGain(mean);
}

function table({ dataset, standIn, settings, scores, lines }: Ablation): Markup {
  return html`<h3>${dataset} ${standIn && html`<span class="chip">stand-in</span>`}</h3>
<div class="scroll sticky" tabindex="0" role="region" aria-label="${dataset}: ablation"><table>
<thead><tr><th></th>${settings.map((setting: Setting) => html`<th scope="colgroup" colspan="${scores.length}" class="group">${settingLabel(setting)}</th>`)}</tr>
<tr><th scope="col">model</th>${settings.map(() => scores.map((which) => html`<th scope="col">${columnLabel(which)}</th>`))}</tr></thead>
<tbody>${lines.map(
    (line) =>
      html`<tr class="${line.kind}"><th scope="row">${line.name}${switchesOf(line)}</th>${line.cells.flat().map(cell)}</tr>`,
  )}</tbody></table></div>`;
}

function switchesOf({ switches }: AblationLine): Markup | false {
  return switches.length > 0 && html`<small>${switches.map((one) => html`${one}<br>`)}</small>`;
}

function cell(one: AblationCell): Markup {
  const { value, verdict } = one;
  const below =
    one.change === undefined ? value.std > 0 && `± ${value.std.toFixed(4)}` : changeText(one);
  return html`<td${verdict !== 'even' && html` class="${verdict}"`}>${value.mean.toFixed(4)}<small>${below || ' '}</small></td>`;
}
