/** Results as lines across several columns. */
import type { PageColumn } from '../model.js';
import { Canvas, line, type Paper } from './canvas.js';
import { differingParts, number, plural } from './format-values.js';
import { isSetting, isVaried, mayBeLog } from './result-rows.js';
import { scaleOf } from './scale.js';
import { type JSX, useCallback, useMemo } from './view.js';

interface Props {
  readonly columns: readonly PageColumn[];
  readonly rows: readonly number[];
  readonly chosen: ReadonlySet<number>;
}

const HEIGHT = 340;
const AXES = 10;
/** The margin at both sides, and the smallest distance between two axes. */
const SIDE = 60;
const LEAST_STEP = 92;
/** How far the texts of the first and the last axis reach into the margin, and between two texts. */
const INTO = 50;
const GAP = 10;

export function Parallel({ columns, rows, chosen }: Props): JSX.Element | null {
  const axes = useMemo(
    () =>
      columns
        .filter((each) => isSetting(each) || each.kind === 'metric')
        .filter((column) => isVaried(column, rows))
        .slice(0, AXES),
    [columns, rows],
  );
  const draw = useCallback(
    (paper: Paper) => drawLines(paper, axes, rows, chosen),
    [axes, rows, chosen],
  );
  if (axes.length < 2) return null;
  return (
    <figure>
      <Canvas
        label={`${plural(rows.length, 'result')} as lines across ${axes.map(({ name }) => name).join(', ')}; the table has the values`}
        height={HEIGHT}
        least={SIDE * 2 + (axes.length - 1) * LEAST_STEP}
        draw={draw}
      />
      <figcaption class="under">
        Each line is a result. Compared results are drawn in another colour.
      </figcaption>
    </figure>
  );
}

function drawLines(
  { context, color, width, height }: Paper,
  axes: readonly PageColumn[],
  rows: readonly number[],
  chosen: ReadonlySet<number>,
): void {
  context.clearRect(0, 0, width, height);
  const step = (width - 2 * SIDE) / (axes.length - 1);
  const scales = axes.map((axis) => axisScale(axis, rows, height));
  const trace = (row: number) => {
    context.beginPath();
    let isDown = false;
    for (const [at, { cells }] of axes.entries()) {
      const cell = cells[row] ?? null;
      if (cell === null) isDown = false;
      else if (isDown) context.lineTo(SIDE + at * step, scales[at]?.at(cell) ?? 0);
      else context.moveTo(SIDE + at * step, scales[at]?.at(cell) ?? 0);
      if (cell !== null) isDown = true;
    }
    context.stroke();
  };
  context.lineWidth = 1;
  context.globalAlpha = Math.max(0.03, Math.min(0.6, 60 / Math.max(1, rows.length)));
  context.strokeStyle = color('--c1');
  for (const row of rows) if (!chosen.has(row)) trace(row);
  context.globalAlpha = 1;
  context.lineWidth = 2.5;
  context.strokeStyle = color('--c2');
  for (const row of rows) if (chosen.has(row)) trace(row);
  context.lineWidth = 1;
  drawAxes({ context, color, width, height }, axes, scales, step);
}

function axisScale(axis: PageColumn, rows: readonly number[], height: number) {
  const values = rows.flatMap((row) => axis.cells[row] ?? []);
  return scaleOf(values, height - 34, 34, mayBeLog(axis));
}

function drawAxes(
  { context, color, height }: Paper,
  axes: readonly PageColumn[],
  scales: readonly { readonly least: number; readonly most: number }[],
  step: number,
): void {
  context.strokeStyle = color('--soft');
  context.fillStyle = color('--text');
  const names = differingParts(axes.map(({ name }) => name));
  for (const [at, { texts }] of axes.entries()) {
    const x = SIDE + at * step;
    const { least, most } = scales[at] as { least: number; most: number };
    line(context, x, 34, x, height - 34);
    context.textAlign = at === 0 ? 'left' : at === axes.length - 1 ? 'right' : 'center';
    const shift = at === 0 ? -INTO : at === axes.length - 1 ? INTO : 0;
    const room = (shift === 0 ? step : INTO + step / 2) - GAP;
    context.fillText(shortened(names[at] as string, room, context), x + shift, 12);
    if (texts !== undefined) continue;
    context.fillText(number(most), x + shift, 28);
    context.fillText(number(least), x + shift, height - 20);
  }
}

/** The end of a text, as much of it as has room: the last part of a name says the most. */
function shortened(text: string, room: number, context: Paper['context']): string {
  const fits = (shown: string) => context.measureText(shown).width <= room;
  if (fits(text)) return text;
  let from = 1;
  while (from < text.length && !fits(`…${text.slice(from)}`)) from++;
  return `…${text.slice(from)}`;
}
