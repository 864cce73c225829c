/** The paper's two tables with our figures beside them, under named definitions of SSIM. */

import { html, type Markup } from '@pipe-experiment/pages/markup.js';
import { claimOf } from '../claim.js';
import { PAPER_ROWS, type PaperRow, settingBeside } from '../paper.js';
import { bestBaseline, type DataSet, figureOf, type Row } from '../results.js';
import type { Target } from '../score.js';
import type { Side } from '../scores.js';
import { claimPart } from './claim-section.js';
import { formatFigure } from './format.js';

/** The figures that stand beside the paper's: first the nearest in kind to it, then the honest ones. */
export const COLUMNS: readonly {
  readonly score: string;
  readonly target: Target;
  readonly side: Side;
}[] = [
  { score: 'ssim.global', target: 'whole', side: 'train' },
  { score: 'ssim.global', target: 'whole', side: 'test' },
  { score: 'ssim.wang', target: 'whole', side: 'test' },
  { score: 'ssim.wang', target: 'composite', side: 'test' },
];

/** One line of a table: the paper's, a model's, or a classical fill's; a cell for each column. */
export interface ComparedLine {
  readonly kind: 'paper' | 'model' | 'baseline';
  readonly name: string;
  readonly cells: readonly string[];
}

/** The paper's tables: the first is about train and test, the second about larger and more holes. */
export const PAPER_TABLES: readonly {
  readonly title: string;
  readonly rows: readonly PaperRow[];
}[] = [
  { title: 'One square of 20 % of the side (4 % of the area)', rows: PAPER_ROWS.slice(0, 2) },
  { title: 'Larger and more holes: 1 × 40 % and 2 × 20 % of the side', rows: PAPER_ROWS.slice(2) },
];

export function comparedLines(row: PaperRow, datasets: readonly DataSet[]): ComparedLine[] {
  const paper: ComparedLine = {
    kind: 'paper',
    name: `paper: ${row.data}, ${row.model}, ${row.squares} × ${Math.round(row.side * 100)} %`,
    cells: [row.train, row.test, undefined, undefined].map((figure) =>
      figure ? formatFigure(figure, 'ssim.') : '–',
    ),
  };
  const ours = datasets.filter(({ dataset }) => row.ours.includes(dataset));
  return [paper, ...ours.flatMap((dataset) => ourLines(row, dataset))];
}

function ourLines(row: PaperRow, dataset: DataSet): ComparedLine[] {
  const setting = settingBeside(row, dataset.settings, dataset.index.image.size);
  if (setting === undefined) return [];
  const standIn = dataset.index.source.standIn ? ' (stand-in)' : '';
  const line = (kind: 'model' | 'baseline', of: Row): ComparedLine => ({
    kind,
    name: `ours: ${dataset.name}${standIn}, ${of.label}`,
    cells: COLUMNS.map(({ score, target, side }) =>
      dataset.index.scores.includes(score)
        ? formatFigure(figureOf(of, side, setting.name, target, score), score)
        : '–',
    ),
  });
  return [
    ...dataset.models.map((model) => line('model', model)),
    line('baseline', bestBaseline(dataset, setting.name)),
  ];
}

export function besidePaper(datasets: readonly DataSet[]): Markup {
  return html`<section id="paper" aria-labelledby="paper-title">
<h2 id="paper-title">Beside the paper</h2>
<p class="about">Deesamutara and Maggiore (2020) report SSIM as mean ± standard deviation over images. They do not
name the window; their figures fit a global or very wide one on the network’s whole output, so ours of that kind stand
in the same columns. The same images score far lower or higher under other definitions.</p>
${PAPER_TABLES.map(
  ({
    title,
    rows,
  }) => html`<div class="scroll sticky" tabindex="0" role="region" aria-label="${title}"><table>
<caption>${title}</caption>
<thead><tr><th></th><th scope="colgroup" colspan="2" class="group">SSIM global, whole output<small>the paper’s kind</small></th><th scope="colgroup" class="group">wang, whole</th><th scope="colgroup" class="group">wang, composite</th></tr>
<tr><th scope="col">data and method</th>${COLUMNS.map(({ side }) => html`<th scope="col">${side}</th>`)}</tr></thead>
<tbody>${rows
    .flatMap((row) => comparedLines(row, datasets))
    .map(
      (line) =>
        html`<tr class="${line.kind}"><th scope="row">${line.name}</th>${line.cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
    )}</tbody></table></div>`,
)}
${claimPart(claimOf(datasets))}
</section>`;
}
