/** Tables of text, as markup. */
import { html, type Markup } from './markup.js';

export interface TextTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
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
