/** A page as one HTML file: nothing in it is fetched from anywhere. */
import { HEAT_FILTER } from './gallery-viewer.js';
import { html, type Markup, raw } from './markup.js';
import STYLE from './report.css';
import { SCRIPT } from './script.js';

/** Without content it is left out. */
export type Section = readonly [id: string, name: string, content: Markup | false];

export interface Page {
  readonly title: string;
  /** What the link says that skips to the first section. */
  readonly skip: string;
  readonly head: Markup;
  readonly sections: readonly Section[];
  readonly foot: Markup;
}

export function pageOf({ title, skip, head, sections, foot }: Page): string {
  const shown = sections.filter(([, , content]) => content !== false);
  return html`${raw('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${raw(STYLE)}</style>
</head>
<body>
<a class="skip" href="#${shown[0]?.[0]}">${skip}</a>
${HEAT_FILTER}
${head}
<nav aria-label="Sections"><ul>${shown.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
<main>${shown.map(([, , content]) => content)}</main>
<footer>${foot}</footer>
<script>${raw(SCRIPT)}</script>
</body>
</html>
`.markup;
}
