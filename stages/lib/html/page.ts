/** The whole report as one HTML file: nothing in it is fetched from anywhere. */
import type { Ablation } from '../ablation.js';
import type { HomogeneityCurve } from '../homogeneity.js';
import type { DataSet } from '../results.js';
import { ablationSection } from './ablation-table.js';
import { areaSection } from './area.js';
import { byAreaSection } from './by-area-table.js';
import { curvesSection } from './curves.js';
import { distributionsSection } from './distributions.js';
import { evidenceSection } from './evidence-section.js';
import { failuresSection } from './failures.js';
import { gallerySection } from './gallery.js';
import { homogeneitySection } from './homogeneity-section.js';
import { gainsSection } from './improvements-table.js';
import { html, type Markup, raw } from './markup.js';
import { methodsSection } from './methods-table.js';
import { besidePaper } from './paper-comparison.js';
import { HEAT_FILTER, picturesSection } from './pictures.js';
import { provenanceSection, type Used } from './provenance.js';
import STYLE from './report.css';
import { SCRIPT } from './script.js';
import { sideBySideSection } from './side-by-side.js';
import { head, summary } from './summary.js';

export interface Report {
  readonly datasets: readonly DataSet[];
  readonly ablations: readonly Ablation[];
  readonly curves: readonly HomogeneityCurve[];
  readonly params: unknown;
  readonly used: readonly Used[];
}

export function page({ datasets, ablations, curves, params, used }: Report): string {
  const sections: readonly (readonly [id: string, name: string, section: Markup | false])[] = [
    ['summary', 'In short', summary(datasets)],
    ['side-by-side', 'Side by side', sideBySideSection(datasets)],
    ['restored', 'Pictures', picturesSection(datasets)],
    ['paper', 'Beside the paper', besidePaper(datasets)],
    ['homogeneity', 'Homogeneity', homogeneitySection(curves)],
    ['ablation', 'Switch by switch', ablationSection(ablations)],
    ['methods', 'Classical fills', methodsSection(datasets)],
    ['gains', 'Gains', gainsSection(datasets)],
    ['evidence', 'Evidence', evidenceSection(datasets, params)],
    ['failures', 'Failures', failuresSection(datasets)],
    ['shapes', 'Shape and area', byAreaSection(datasets)],
    ['area', 'Size of the hole', areaSection(datasets)],
    ['distributions', 'Image by image', distributionsSection(datasets)],
    ['gallery', 'Gallery', gallerySection(datasets)],
    ['training', 'Training', curvesSection(datasets)],
    ['made-from', 'Made from', provenanceSection(datasets, params, used)],
  ];
  const shown = sections.filter(([, , section]) => section !== false);
  return html`${raw('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Restoring occluded images with a VAE</title>
<link rel="icon" href="data:,">
<style>${raw(STYLE)}</style>
</head>
<body>
<a class="skip" href="#summary">To the results</a>
${HEAT_FILTER}
${head(datasets)}
<nav aria-label="Sections"><ul>${shown.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
<main>${shown.map(([, , section]) => section)}</main>
<footer>Made by the stage <code>report</code>. The same report as text: <code>report.md</code>.</footer>
<script>${raw(SCRIPT)}</script>
</body>
</html>
`.markup;
}
