/** The whole report as one HTML file. */

import { html } from '@pipe-experiment/pages/markup.js';
import { pageOf, type Section } from '@pipe-experiment/pages/page-layout.js';
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
import { methodsSection } from './methods-table.js';
import { besidePaper } from './paper-comparison.js';
import { picturesSection } from './pictures.js';
import { provenanceSection, type Used } from './provenance.js';
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
  const sections: readonly Section[] = [
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
  return pageOf({
    title: 'Restoring occluded images with a VAE',
    skip: 'To the results',
    head: head(datasets),
    sections,
    foot: html`Made by the stage <code>report</code>. The same report as text: <code>report.md</code>.`,
  });
}
