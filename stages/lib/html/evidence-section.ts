/** The linear twin, gradients, depth and costs, as sections of the page. */
import { ABOUT_CITED, CITED, CITED_TITLE } from '../cited.js';
import {
  ABOUT_COSTS,
  ABOUT_RIM,
  ABOUT_TWIN,
  COSTS_TITLE,
  costsTable,
  RIM_TITLE,
  rimTables,
  type TextTable,
  type TrainingParams,
  TWIN_TITLE,
  twinTables,
} from '../evidence.js';
import type { DataSet } from '../results.js';
import { html, type Markup } from './markup.js';

export function evidenceSection(datasets: readonly DataSet[], params: unknown): Markup {
  return html`<section id="evidence" aria-labelledby="evidence-title">
<h2 id="evidence-title">${TWIN_TITLE}</h2>
<p class="about">${ABOUT_TWIN}</p>
${twinTables(datasets).map((one) => tableOf(one))}
<h2>${RIM_TITLE}</h2>
<p class="about">${ABOUT_RIM}</p>
${rimTables(datasets).map((one) => tableOf(one))}
<h2>${COSTS_TITLE}</h2>
<p class="about">${ABOUT_COSTS}</p>
${tableOf(costsTable(datasets, params as TrainingParams))}
<h2>${CITED_TITLE}</h2>
<p class="about">${ABOUT_CITED}</p>
${tableOf(CITED, 'prose')}</section>`;
}

/** @param kind `prose`: its cells are sentences, which wrap */
export function tableOf({ title, head, rows }: TextTable, kind = ''): Markup {
  return html`<div class="scroll sticky ${kind}" tabindex="0" role="region" aria-label="${title}"><table>
<caption>${title}</caption>
<thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([first, ...cells]) =>
      html`<tr><th scope="row">${first}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )}</tbody></table></div>`;
}
