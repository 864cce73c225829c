/** The head of the report: what it is about, and the result in a table for each data set. */

import type { Verdict } from '@pipe-experiment/numerics/verdicts.js';
import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import {
  formatCount,
  formatGain,
  formatPercent,
  joinWords,
} from '@pipe-experiment/pages/number-format.js';
import { fewGroups } from '../gains.js';
import { bestBaseline, type DataSet, gainOf, headline, imageScores, type Row } from '../results.js';
import { settingLabel } from './format.js';

/** How cells are coloured. */
export const VERDICT_CLASSES: Readonly<Record<Verdict, string>> = {
  up: 'up',
  down: 'down',
  level: 'even',
  undecided: 'open',
};

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  up: 'ahead',
  down: 'behind',
  level: 'no practical difference',
  undecided: 'undecided',
};

export function head(datasets: readonly DataSet[]): Markup {
  const standIns = datasets.filter(({ index }) => index.source.standIn);
  return html`<header class="top">
<p class="kicker">Experiment report</p>
<h1>Restoring occluded images with a variational autoencoder</h1>
<p class="lead">Parts of ${joinWords([...new Set(datasets.map(({ dataset }) => dataset))])} are blacked out; a network fills them in.
Every figure is compared with classical fills of the same holes in the same images.</p>
${standIns.length > 0 && standInNote(standIns, datasets.length)}
</header>`;
}

function standInNote(standIns: readonly DataSet[], all: number): Markup {
  const which =
    standIns.length === all ? 'The images here' : joinWords(standIns.map(({ name }) => name));
  return html`<p class="note" id="stand-in"><strong>Stand-in data.</strong> ${which} are rendered by program so that the experiment runs without a download. They are not the paper’s photographs:
nothing below reproduces or refutes the paper’s figures.</p>`;
}

export function summary(datasets: readonly DataSet[]): Markup {
  return html`<section id="summary" aria-labelledby="summary-title">
<h2 id="summary-title">In short</h2>
<p class="about">SSIM by Wang’s definition on held-out test images, known pixels kept. The gain is over the best
classical fill of each setting, with its 95 % interval. ${datasets[0] && verdictRule(datasets[0])}</p>
<div class="cards">${datasets.map(card)}</div>
</section>`;
}

/** How a verdict comes about. */
export function verdictRule({ index: { bootstrap } }: DataSet): string {
  const { resamples, effect } = bootstrap;
  return (
    `“Ahead” and “behind” mean by more than ${effect} in SSIM; “no practical difference” means by less. The ` +
    `confidence of 95 % is for all verdicts of this page together (Holm’s correction; paired bootstrap, ${formatCount(resamples)} resamples). ` +
    'The best fill is chosen on the test images, which favours the fill. “Worse” is the share of images that the model ' +
    'restores worse than that fill.'
  );
}

/** What the test images are drawn from, and what the intervals therefore say. */
export function groupsSentence({ index: { groups, sides } }: DataSet): string {
  const { scored } = sides.test;
  if (fewGroups(groups.ofTest) === undefined) {
    return groups.test === 1
      ? `The ${scored} test images are of one group: the intervals say nothing of others.`
      : `The ${scored} test images are of ${formatCount(groups.test)} groups (people, scenes or classes).`;
  }
  return (
    `The ${scored} test images are of ${groups.test} groups (people, scenes or classes), so the bootstrap draws groups ` +
    `and images of them.${groups.test < 10 ? ' So few groups say little of others.' : ''}`
  );
}

/** How much another training would differ. */
export function trainingsSentence({ models: [model] }: DataSet): string {
  return model.items.length > 1
    ? `Means of ${model.items.length} trainings; the tables give the deviation over them.`
    : 'One training; how much another would differ is not known.';
}

/** The share of the test images that the model makes worse than the fill does. */
export function shareWorse(model: Row, rival: Row, setting: string): number {
  const [ours, theirs] = [imageScores(model, setting), imageScores(rival, setting)];
  return ours.reduce((sum, value, i) => sum + (value < theirs[i]! ? 1 : 0), 0) / ours.length;
}

function card(dataset: DataSet): Markup {
  const [model] = dataset.models;
  return html`<article class="card">
<h3>${dataset.name} ${dataset.index.source.standIn && html`<span class="chip">stand-in</span>`}</h3>
<p>${verdictSentence(dataset, model)}</p>
<div class="scroll"><table>
<thead><tr><th scope="col">hole</th><th scope="col" class="text">best classical</th><th scope="col">${model.label}</th><th scope="col">gain</th><th scope="col" class="text">verdict</th></tr></thead>
<tbody>${dataset.settings.map((setting) => {
    const rival = bestBaseline(dataset, setting.name);
    const gain = gainOf(model, setting.name, rival.name);
    const verdict = model.verdicts.get(setting.name)!;
    return html`<tr><th scope="row">${settingLabel(setting)}</th>
<td class="text">${headline(rival, setting.name).mean.toFixed(4)} <small>${rival.label}</small></td>
<td>${headline(model, setting.name).mean.toFixed(4)}</td>
<td class="${VERDICT_CLASSES[verdict]}">${formatGain(gain.mean)}<small>${formatGain(gain.low)} … ${formatGain(gain.high)}</small></td>
<td class="text">${VERDICT_WORDS[verdict]}<small>${formatPercent(shareWorse(model, rival, setting.name))} worse</small></td></tr>`;
  })}</tbody></table></div>
<p class="about">${groupsSentence(dataset)} ${trainingsSentence(dataset)}</p></article>`;
}

function allOf(settings: number): string {
  if (settings === 1) return 'the one setting';
  return settings === 2 ? 'both settings' : `all ${settings} settings`;
}

/** The result in a sentence: in how many settings the model is ahead, level, behind, and undecided. */
export function verdictSentence(dataset: DataSet, model: Row): string {
  const verdicts = dataset.settings.map(({ name }) => model.verdicts.get(name)!);
  const of = verdicts.length;
  const fill = `the best of ${dataset.baselines.length} classical fills`;
  const some = (verdict: Verdict, words: string) => {
    const count = verdicts.filter((one) => one === verdict).length;
    return count === 0 ? [] : [`${words} in ${count === of ? allOf(of) : `${count} of ${of}`}`];
  };
  const parts = [
    ...some('up', 'ahead'),
    ...some('down', 'behind'),
    ...some('level', 'without practical difference'),
    ...some('undecided', 'undecided'),
  ];
  const info = model.items[0].index.model;
  const seeds = model.items.length;
  const size = info.parameters > 0 ? `, ${formatCount(info.parameters)} parameters` : '';
  const epochs = `${info.epochs} epoch${info.epochs === 1 ? '' : 's'}`;
  const trained = seeds > 1 ? `${epochs}, ${seeds} seeds` : epochs;
  return `${model.label} (${trained}${size}) against ${fill}: ${joinWords(parts)}.`;
}
