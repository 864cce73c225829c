/** The paper's two tables with our figures beside them, under named definitions of SSIM. */
import { PAPER_ROWS, type PaperRow, settingBeside } from '../paper.js';
import { bestBaseline, type DataSet, figureOf, type Row } from '../results.js';
import type { Target } from '../score.js';
import type { Side } from '../scores.js';
import { html, type Markup } from './markup.js';
import { formatFigure } from './words.js';

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
${claim(datasets)}
</section>`;
}

/** The paper's claim is that heterogeneous data cost .21 of SSIM; what do they cost here? */
function claim(datasets: readonly DataSet[]): Markup | false {
  const pair = claimedPair(datasets);
  if (pair === undefined) return false;
  const { faces, animals } = pair;
  const lines = claimLines(faces, animals);
  if (lines.length === 0) return false;
  const standIn = faces.index.source.standIn || animals.index.source.standIn;
  return html`<h3>Does it need a homogeneous data set?</h3>
<p>The paper’s test figures differ by 0.2143 between ${PAPER_ROWS[1]!.data} and ${PAPER_ROWS[0]!.data}. The same difference
here (${faces.name} less ${animals.name}), beside that of the best classical fill${standIn && ', on stand-in data'}:</p>
<div class="scroll"><table><thead><tr><th scope="col">figure, 1 × 20 % of the side, test</th><th scope="col">${faces.models[0].label}</th><th scope="col">best classical</th></tr></thead>
<tbody>${lines.map(
    ({ figure, model, classical }) =>
      html`<tr><th scope="row">${figure}</th><td>${model}</td><td>${classical}</td></tr>`,
  )}</tbody></table></div>`;
}

/** The homogeneous and the heterogeneous data set, scaled by the same kernel. */
export function claimedPair(datasets: readonly DataSet[]) {
  const [homogeneous, heterogeneous] = [PAPER_ROWS[1]!, PAPER_ROWS[0]!];
  for (const faces of datasets.filter(({ dataset }) => homogeneous.ours.includes(dataset))) {
    const animals = datasets.find(
      ({ dataset, index }) =>
        heterogeneous.ours.includes(dataset) && index.image.kernel === faces.index.image.kernel,
    );
    if (animals !== undefined) return { faces, animals };
  }
  return undefined;
}

export function claimLines(faces: DataSet, animals: DataSet) {
  const [row] = PAPER_ROWS;
  const settings = [faces, animals].map(({ settings, index }) =>
    settingBeside(row!, settings, index.image.size),
  );
  const [one, two] = settings;
  const peer = animals.models.find(({ name }) => name === faces.models[0].name);
  if (one === undefined || two === undefined || peer === undefined) return [];
  const gap = (a: Row, b: Row, score: string, target: Target) =>
    (
      figureOf(a, 'test', one.name, target, score).mean -
      figureOf(b, 'test', two.name, target, score).mean
    )
      .toFixed(4)
      .replace('-', '−');
  return COLUMNS.filter(
    ({ score, side }) => side === 'test' && faces.index.scores.includes(score),
  ).map(({ score, target }) => ({
    figure: `${score.replace('ssim.', 'SSIM ')}, ${target}`,
    model: gap(faces.models[0], peer, score, target),
    classical:
      target === 'composite'
        ? gap(bestBaseline(faces, one.name), bestBaseline(animals, two.name), score, target)
        : '–',
  }));
}
