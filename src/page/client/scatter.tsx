/** Results as points over two columns. */
import type { PageColumn } from '../model.js';
import { Canvas, line, type Paper } from './canvas.js';
import { Choice } from './controls.js';
import { number, plural, time } from './format-values.js';
import { cellText, hasValue, isNumeric, isSetting, isVaried, titleOf } from './result-rows.js';
import { type Drawing, drawingOf, RADIUS } from './scatter-layout.js';
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
/** Between the labels of two ticks. */
const GAP = 8;
const LINE = 14;

export function Scatter({ columns, rows, chosen, onChoose, nameOf }: Props): JSX.Element | null {
  const drawn = columns.filter(isDrawn);
  const metrics = drawn.filter((each) => each.kind === 'metric' && isVaried(each, rows));
  const params = drawn.filter((each) => isSetting(each) && isVaried(each, rows));
  const [names, setNames] = useState<{ readonly x?: string; readonly y?: string }>({});
  const named = (name: string | undefined) => drawn.find((each) => each.name === name);
  const x = named(names.x) ?? params.find(isNumeric) ?? params[0] ?? drawn[0];
  const scores = [...metrics.filter(isScore), ...metrics, ...drawn];
  const y = named(names.y) ?? scores.find((each) => each !== x) ?? x;
  const [near, setNear] = useState<number>();
  const shown = useMemo(
    () => rows.filter((row) => [x, y].every((each) => each && hasValue(each, row))),
    [rows, x, y],
  );
  const drawing = useMemo(() => (x && y ? ofWidth(shown, x, y) : undefined), [shown, x, y]);
  const hasMedians = useMemo(() => drawing && drawing(HEIGHT).medians.length > 0, [drawing]);
  const draw = useCallback(
    (paper: Paper) => x && y && drawing && drawPoints(paper, drawing(paper.width), [x, y], chosen),
    [drawing, x, y, chosen],
  );
  if (x === undefined || y === undefined || drawing === undefined) return null;
  const point = (px: number, py: number, width: number, isClick: boolean) => {
    const row = nearest(drawing(width), px, py);
    setNear(row);
    if (isClick && row !== undefined) onChoose(row);
  };
  const titles = new Map(drawn.map((column) => [column.name, titleOf(column)]));
  const choices = {
    values: drawn.map(({ name }) => name),
    wordsFor: (name: string) => titles.get(name) ?? name,
  };
  const told =
    near === undefined
      ? `Point at a result to name it; click to compare it.${hasMedians ? ' A line marks the median of each value.' : ''}`
      : `${nameOf(near)}: ${titleOf(x)} ${cellText(x, near)}, ${titleOf(y)} ${cellText(y, near)}`;
  return (
    <figure>
      <div class="bar-of">
        <label>
          x <Choice {...choices} value={x.name} onChoose={(x) => setNames({ ...names, x })} />
        </label>
        <label>
          y <Choice {...choices} value={y.name} onChoose={(y) => setNames({ ...names, y })} />
        </label>
      </div>
      <Canvas
        label={`${titleOf(y)} over ${titleOf(x)} of ${plural(shown.length, 'result')}; the table has the values`}
        height={HEIGHT}
        draw={draw}
        onPoint={point}
      />
      <figcaption class="under hint">{told}</figcaption>
    </figure>
  );
}

/** Numbers, and settings with few texts. */
function isDrawn(column: PageColumn): boolean {
  return isNumeric(column) || (isSetting(column) && (column.texts?.length ?? 0) <= MOST_TEXTS);
}

const MOST_TEXTS = 12;

/** Of validation or a test: what people compare. */
function isScore({ name }: PageColumn): boolean {
  return /^(?:val(?:id|idation)?|test|eval)[._]/i.test(name);
}

/** Of x and of y. */
type Axes = readonly [PageColumn, PageColumn];

/** The drawing for a width; the last one is kept. */
function ofWidth(rows: readonly number[], x: PageColumn, y: PageColumn) {
  let known: { readonly width: number; readonly drawing: Drawing } | undefined;
  return (width: number): Drawing => {
    const { left, right, top, bottom } = EDGE;
    const area = { left, right: width - right, top, bottom: HEIGHT - bottom };
    if (known?.width !== width) known = { width, drawing: drawingOf(rows, x, y, area) };
    return known.drawing;
  };
}

function nearest({ spots }: Drawing, px: number, py: number): number | undefined {
  let [found, distance]: [number | undefined, number] = [undefined, NEAR];
  for (const { row, x, y } of spots) {
    const away = Math.hypot(x - px, y - py);
    if (away < distance) [found, distance] = [row, away];
  }
  return found;
}

function drawPoints(
  paper: Paper,
  { spots, x, y, medians, opacity }: Drawing,
  names: Axes,
  chosen: ReadonlySet<number>,
): void {
  const { context, color, width, height } = paper;
  context.clearRect(0, 0, width, height);
  context.strokeStyle = color('--line');
  context.fillStyle = color('--soft');
  context.textAlign = 'center';
  let free = 0;
  for (const tick of x.ticks) {
    const [at, label] = [x.at(tick), labelOf(names[0], tick)];
    line(context, at, EDGE.top, at, height - EDGE.bottom);
    const half = context.measureText(label).width / 2;
    if (at - half < free) continue;
    context.fillText(label, at, height - EDGE.bottom + 14);
    free = at + half + GAP;
  }
  context.textAlign = 'right';
  free = height;
  for (const tick of y.ticks) {
    const at = y.at(tick);
    line(context, EDGE.left, at, width - EDGE.right, at);
    if (at > free) continue;
    context.fillText(labelOf(names[1], tick), EDGE.left - 6, at + 4);
    free = at - LINE;
  }
  context.fillText(titleOf(names[0]), width - EDGE.right, height - 4);
  context.textAlign = 'left';
  context.fillText(titleOf(names[1]), 4, 11);
  context.globalAlpha = opacity;
  context.fillStyle = color('--c1');
  for (const { row, x, y } of spots) if (!chosen.has(row)) dot(context, x, y, RADIUS);
  context.globalAlpha = 1;
  context.lineWidth = 2;
  context.strokeStyle = color('--text');
  for (const { x, y, width } of medians) line(context, x - width / 2, y, x + width / 2, y);
  context.lineWidth = 1;
  context.fillStyle = color('--c2');
  for (const { row, x, y } of spots) if (chosen.has(row)) dot(context, x, y, RADIUS + 2);
}

function labelOf({ kind, texts }: PageColumn, tick: number): string {
  if (texts !== undefined) return texts[tick] ?? '';
  return kind === 'when' ? time(tick).slice('2026-'.length, -':00'.length) : number(tick);
}

function dot(context: Paper['context'], x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}
