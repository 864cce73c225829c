/** Plots a metric of several chains over the epochs in a terminal, one letter for each chain. Pure. */
import { framed, type Value } from './curve.js';

interface Series {
  readonly points: readonly Value[];
  readonly best: number | undefined;
  /** The epochs of the outs, one for each result of the chain. */
  readonly outs: readonly (number | undefined)[];
}

const HEIGHT = 12;

/** Further chains get no letter. */
export const MOST_SERIES = 26;

/** It fits a narrow terminal. */
const LEGEND = 'capital: best; ○: other epoch of the outs; *: several';

export function letterOf(index: number): string {
  return String.fromCharCode(0x61 + index);
}

/** Empty with fewer than two epochs. */
export function curves(all: readonly Series[], metric: string, columns: number): string {
  const series = all.slice(0, MOST_SERIES);
  const points = series.flatMap((each) => each.points);
  const plot = framed(metric, points, columns, (place, width) => {
    const at = (point: Value) => {
      const { x, y } = place(point);
      return { x: Math.round(x * (width - 1)), y: Math.round((1 - y) * (HEIGHT - 1)) };
    };
    return drawn(series, width, at);
  });
  return plot && `${plot}  ${LEGEND}\n`;
}

function drawn(
  series: readonly Series[],
  width: number,
  at: (point: Value) => { readonly x: number; readonly y: number },
): string[] {
  const cells = Array.from({ length: HEIGHT }, () => Array.from({ length: width }, () => ' '));
  const put = (x: number, y: number, mark: string) => {
    const row = cells[y] as string[];
    row[x] = row[x] === ' ' || row[x] === mark ? mark : '*';
  };
  for (const [index, { points }] of series.entries())
    for (const { x, y } of points.map(at)) put(x, y, letterOf(index));
  // Draws the marks last, so that no curve hides them.
  for (const [index, { points, best, outs }] of series.entries())
    for (const point of points) {
      const { x, y } = at(point);
      const row = cells[y] as string[];
      if (point.epoch === best) row[x] = letterOf(index).toUpperCase();
      else if (outs.includes(point.epoch)) row[x] = '○';
    }
  return cells.map((row) => row.join(''));
}
