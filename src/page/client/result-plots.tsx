/** Results as points over two columns, and as lines across many. */
import type { PageColumn } from '../model.js';
import { Canvas, type Paper, scaleOf } from './canvas.js';
import { number, plural } from './format-values.js';
import { cellText, isNumeric, isSetting, isVaried, titleOf } from './result-rows.js';
import { type JSX, useCallback, useMemo, useState } from './view.js';

interface Props {
  readonly columns: readonly PageColumn[];
  readonly rows: readonly number[];
  readonly chosen: ReadonlySet<number>;
  readonly onChoose: (row: number) => void;
  readonly nameOf: (row: number) => string;
}

const HEIGHT = 340;
const EDGE = { left: 64, right: 24, top: 22, bottom: 36 } as const;
const NEAR = 18;

export function Scatter({ columns, rows, chosen, onChoose, nameOf }: Props): JSX.Element | null {
  const numeric = columns.filter(isNumeric);
  const metrics = numeric.filter((each) => each.kind === 'metric' && isVaried(each, rows));
  const params = numeric.filter((each) => isSetting(each) && isVaried(each, rows));
  const [names, setNames] = useState<{ readonly x?: string; readonly y?: string }>({});
  const named = (name: string | undefined) => numeric.find((each) => each.name === name);
  const x = named(names.x) ?? params[0] ?? numeric[0];
  const y = named(names.y) ?? metrics.find(isScore) ?? metrics[0] ?? numeric[1] ?? numeric[0];
  const [near, setNear] = useState<number>();
  const places = useMemo(() => (x && y ? placesOf(rows, x, y) : []), [rows, x, y]);
  const draw = useCallback(
    (paper: Paper) => x && y && drawPoints(paper, places, [x, y], chosen),
    [places, x, y, chosen],
  );
  if (x === undefined || y === undefined) return null;
  const point = (px: number, py: number, width: number, isClick: boolean) => {
    const row = nearest(places, [x, y], px, py, width);
    setNear(row);
    if (isClick && row !== undefined) onChoose(row);
  };
  const told =
    near === undefined
      ? 'Point at a result to name it; click to compare it.'
      : `${nameOf(near)}: ${titleOf(x)} ${cellText(x, near)}, ${titleOf(y)} ${cellText(y, near)}`;
  return (
    <figure>
      <div class="bar-of">
        <ColumnChoice
          label="x"
          columns={numeric}
          value={x}
          onChange={(x) => setNames({ ...names, x })}
        />
        <ColumnChoice
          label="y"
          columns={numeric}
          value={y}
          onChange={(y) => setNames({ ...names, y })}
        />
      </div>
      <Canvas
        label={`${titleOf(y)} over ${titleOf(x)} of ${plural(places.length, 'result')}; the table has the values`}
        height={HEIGHT}
        draw={draw}
        onPoint={point}
      />
      <figcaption class="under hint">{told}</figcaption>
    </figure>
  );
}

interface ColumnChoiceProps {
  readonly label: string;
  readonly columns: readonly PageColumn[];
  readonly value: PageColumn;
  readonly onChange: (name: string) => void;
}

function ColumnChoice({ label, columns, value, onChange }: ColumnChoiceProps): JSX.Element {
  return (
    <label>
      {label}{' '}
      <select value={value.name} onChange={(event) => onChange(event.currentTarget.value)}>
        {columns.map((column) => (
          <option key={column.name} value={column.name}>
            {titleOf(column)}
          </option>
        ))}
      </select>
    </label>
  );
}

interface Spot {
  readonly row: number;
  readonly x: number;
  readonly y: number;
}

/** Of validation or a test: what people compare. */
function isScore({ name }: PageColumn): boolean {
  return /^(?:val(?:id|idation)?|test|eval)[._]/i.test(name);
}

/** Of x and of y. */
type Axes = readonly [PageColumn, PageColumn];

function placesOf(rows: readonly number[], x: PageColumn, y: PageColumn): Spot[] {
  return rows.flatMap((row) => {
    const [a, b] = [x.cells[row] ?? null, y.cells[row] ?? null];
    return a === null || b === null ? [] : [{ row, x: a, y: b }];
  });
}

function scalesOf(spots: readonly Spot[], [x, y]: Axes, width: number) {
  const [xs, ys] = [spots.map((spot) => spot.x), spots.map((spot) => spot.y)];
  return {
    x: scaleOf(xs, EDGE.left + 6, width - EDGE.right - 6, mayBeLog(x)),
    y: scaleOf(ys, HEIGHT - EDGE.bottom - 6, EDGE.top + 6, mayBeLog(y)),
  };
}

/** Params such as a learning rate. */
function mayBeLog(column: PageColumn): boolean {
  return isSetting(column) && column.texts === undefined;
}

function nearest(spots: readonly Spot[], axes: Axes, px: number, py: number, width: number) {
  const { x, y } = scalesOf(spots, axes, width);
  let [found, distance]: [number | undefined, number] = [undefined, NEAR];
  for (const spot of spots) {
    const away = Math.hypot(x.at(spot.x) - px, y.at(spot.y) - py);
    if (away < distance) [found, distance] = [spot.row, away];
  }
  return found;
}

function drawPoints(
  paper: Paper,
  spots: readonly Spot[],
  names: Axes,
  chosen: ReadonlySet<number>,
): void {
  const { context, color, width, height } = paper;
  const { x, y } = scalesOf(spots, names, width);
  context.clearRect(0, 0, width, height);
  context.strokeStyle = color('--line');
  context.fillStyle = color('--soft');
  context.textAlign = 'center';
  for (const tick of x.ticks) {
    line(context, x.at(tick), EDGE.top, x.at(tick), height - EDGE.bottom);
    context.fillText(labelOf(names[0], tick), x.at(tick), height - EDGE.bottom + 14);
  }
  context.textAlign = 'right';
  for (const tick of y.ticks) {
    line(context, EDGE.left, y.at(tick), width - EDGE.right, y.at(tick));
    context.fillText(labelOf(names[1], tick), EDGE.left - 6, y.at(tick) + 4);
  }
  context.fillText(titleOf(names[0]), width - EDGE.right, height - 4);
  context.textAlign = 'left';
  context.fillText(titleOf(names[1]), 4, 11);
  context.globalAlpha = Math.max(0.15, Math.min(0.85, 300 / Math.max(1, spots.length)));
  context.fillStyle = color('--c1');
  for (const spot of spots) if (!chosen.has(spot.row)) dot(context, x.at(spot.x), y.at(spot.y), 3);
  context.globalAlpha = 1;
  context.fillStyle = color('--c2');
  for (const spot of spots) if (chosen.has(spot.row)) dot(context, x.at(spot.x), y.at(spot.y), 5);
}

function labelOf({ kind }: PageColumn, tick: number): string {
  return kind === 'when' ? new Date(tick).toISOString().slice(5, 16) : number(tick);
}

function line(context: Paper['context'], x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

function dot(context: Paper['context'], x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

const AXES = 10;
/** Left and right of the axes; between two axes at least. */
const SIDE = 60;
const LEAST_STEP = 92;

export function Parallel({ columns, rows, chosen }: Omit<Props, 'onChoose' | 'nameOf'>) {
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
  for (const [at, { name, texts }] of axes.entries()) {
    const x = SIDE + at * step;
    const { least, most } = scales[at] as { least: number; most: number };
    line(context, x, 34, x, height - 34);
    context.textAlign = at === 0 ? 'left' : at === axes.length - 1 ? 'right' : 'center';
    const shift = at === 0 ? -50 : at === axes.length - 1 ? 50 : 0;
    context.fillText(shortened(name, Math.max(8, step / 7)), x + shift, 12);
    if (texts !== undefined) continue;
    context.fillText(number(most), x + shift, 28);
    context.fillText(number(least), x + shift, height - 20);
  }
}

function shortened(text: string, room: number): string {
  return text.length <= room ? text : `…${text.slice(1 - room)}`;
}
