/** The head of the report: what it is about, and the result in a table for each data set. */
import { bestBaseline, type DataSet, gainOf, headline, type Row } from '../results.js';
import type { Interval } from '../statistics.js';
import { formatCount, formatGain, joinWords, settingLabel } from './format.js';
import { html, type Markup } from './markup.js';

/** How a gain's interval lies to zero. */
export type Verdict = 'up' | 'down' | 'even';

export function verdictOf({ low, high }: Interval): Verdict {
  if (low > 0) return 'up';
  return high < 0 ? 'down' : 'even';
}

export function head(datasets: readonly DataSet[]): Markup {
  const standIns = datasets.filter(({ index }) => index.source.standIn);
  return html`<header class="top">
<p class="kicker">Experiment report</p>
<h1>Restoring occluded images with a variational autoencoder</h1>
<p class="lead">Parts of ${joinWords([...new Set(datasets.map(({ dataset }) => dataset))])} are blacked out; a network fills them in.
Every figure stands beside classical fills of the same holes in the same images, since that is the bar.</p>
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
classical fill of each setting, with its 95 % interval (paired bootstrap over images).</p>
<div class="cards">${datasets.map(card)}</div>
</section>`;
}

function card(dataset: DataSet): Markup {
  const [model] = dataset.models;
  return html`<article class="card">
<h3>${dataset.name} ${dataset.index.source.standIn && html`<span class="chip">stand-in</span>`}</h3>
<p>${verdictSentence(dataset, model)}</p>
<div class="scroll"><table>
<thead><tr><th scope="col">hole</th><th scope="col" class="text">best classical</th><th scope="col">${model.label}</th><th scope="col">gain</th></tr></thead>
<tbody>${dataset.settings.map((setting) => {
    const rival = bestBaseline(dataset, setting.name);
    const gain = gainOf(model, setting.name, rival.name);
    return html`<tr><th scope="row">${settingLabel(setting)}</th>
<td class="text">${headline(rival, setting.name).mean.toFixed(4)} <small>${rival.label}</small></td>
<td>${headline(model, setting.name).mean.toFixed(4)}</td>
<td class="${verdictOf(gain)}">${formatGain(gain.mean)}<small>${formatGain(gain.low)} … ${formatGain(gain.high)}</small></td></tr>`;
  })}</tbody></table></div></article>`;
}

function allOf(settings: number): string {
  if (settings === 1) return 'the one setting';
  return settings === 2 ? 'both settings' : `all ${settings} settings`;
}

/** The result in a sentence: in how many settings the model is ahead, level and behind. */
export function verdictSentence(dataset: DataSet, model: Row): string {
  const verdicts = dataset.settings.map((setting) =>
    verdictOf(gainOf(model, setting.name, bestBaseline(dataset, setting.name).name)),
  );
  const count = (verdict: Verdict) => verdicts.filter((one) => one === verdict).length;
  const of = verdicts.length;
  const info = model.items[0].index.model;
  const seeds = model.items.length;
  const some = (verdict: Verdict, words: string) =>
    count(verdict) === 0
      ? []
      : [`${words} in ${count(verdict) === of ? allOf(of) : `${count(verdict)} of ${of}`}`];
  const parts = [
    ...some('up', 'ahead of the best classical fill'),
    ...some('even', count('up') > 0 ? 'level with it' : 'level with the best classical fill'),
    ...some('down', count('down') < of ? 'behind it' : 'behind the best classical fill'),
  ];
  const size = info.parameters > 0 ? `, ${formatCount(info.parameters)} parameters` : '';
  const epochs = `${info.epochs} epoch${info.epochs === 1 ? '' : 's'}`;
  const trained = seeds > 1 ? `${epochs}, ${seeds} seeds` : epochs;
  return `${model.label} (${trained}${size}) is ${joinWords(parts)}.`;
}
