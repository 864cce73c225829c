/** Plots a metric of several chains over the epochs in a terminal, one letter for each chain. Pure. */

interface Series {
  readonly points: readonly { readonly epoch: number; readonly value: number }[];
  readonly best: number | undefined;
  /** The epoch of the outs. */
  readonly outs: number | undefined;
}

const HEIGHT = 12;

/** Enough for dozens of epochs, and few enough to see as a whole. */
const WIDEST = 60;

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
  const epochs = points.map(({ epoch }) => epoch);
  const values = points.map(({ value }) => value);
  const [first, last] = [Math.min(...epochs), Math.max(...epochs)];
  if (points.length === 0 || first === last) return '';
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const labels = [high, low].map((value) => String(Number(value.toPrecision(4))));
  const margin = Math.max(...labels.map((label) => label.length));
  const width = Math.max(8, Math.min(WIDEST, columns - margin - 4));
  const cells = Array.from({ length: HEIGHT }, () => Array.from({ length: width }, () => ' '));
  const at = ({ epoch, value }: Series['points'][number]) => ({
    x: Math.round(((epoch - first) / (last - first)) * (width - 1)),
    y: Math.round((high === low ? 0.5 : (high - value) / (high - low)) * (HEIGHT - 1)),
  });
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
      else if (point.epoch === outs) row[x] = '○';
    }
  const lines = cells.map((row, line) => {
    const label = line === 0 ? labels[0] : line === HEIGHT - 1 ? labels[1] : undefined;
    const axis = label === undefined ? '│' : '┤';
    return `  ${(label ?? '').padStart(margin)} ${axis}${row.join('')}`.trimEnd();
  });
  const behind = ' '.repeat(margin + 3);
  const right = String(last).padStart(Math.max(1, width - `epoch ${first}`.length));
  return [
    '',
    `  ${metric}`,
    ...lines,
    `${behind}└${'─'.repeat(width)}`,
    `${behind} epoch ${first}${right}`,
    `  ${LEGEND}`,
    '',
  ].join('\n');
}
