/** The linear twin, gradients, depth and costs, as sections of the page. */

import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import { tableOf } from '@pipe-experiment/pages/text-table.js';
import { ABOUT_CITED, CITED, CITED_TITLE } from '../cited.js';
import {
  ABOUT_COSTS,
  ABOUT_RIM,
  ABOUT_TWIN,
  COSTS_TITLE,
  costsTable,
  RIM_TITLE,
  rimTables,
  type TrainingParams,
  TWIN_TITLE,
  twinTables,
} from '../evidence.js';
import type { DataSet } from '../results.js';

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
