/** Plots a metric over the epochs in a terminal, and the frame of all such plots. Pure. */
import type { EpochRecord } from '../cache/records/record.js';
import { metricAt } from '../decide/incremental.js';
import { rangeOf } from '../lists.js';
import { rounded } from '../report/wording.js';

const HEIGHT = 8;

/** Columns: enough for dozens of epochs, and few enough to take in at a glance. */
const WIDEST = 60;

/** Empty with fewer than two values. */
export function curve(records: readonly EpochRecord[], metric: string, columns: number): string {
  const points = records.flatMap(({ epoch, metrics }) => {
    const value = metricAt(metrics, metric);
    return value === undefined ? [] : [{ epoch, value }];
  });
  return framed(metric, points, columns, (place, width) => braille(points.map(place), width));
}

export interface Value {
  readonly epoch: number;
  readonly value: number;
}

/**
 * A plot in its frame; empty without two epochs.
 *
 * @param draw the rows of the plot, from the top
 */
export function framed(
  metric: string,
  points: readonly Value[],
  columns: number,
  draw: (place: (point: Value) => Point, width: number) => readonly string[],
): string {
  const [first, last] = rangeOf(points.map(({ epoch }) => epoch));
  const [low, high] = rangeOf(points.map(({ value }) => value));
  if (points.length === 0 || first === last) return '';
  const labels = [high, low].map((value) => String(rounded(value, 4)));
  const margin = Math.max(...labels.map((label) => label.length));
  const width = Math.max(8, Math.min(WIDEST, columns - margin - 4));
  const place = ({ epoch, value }: Value) => ({
    x: (epoch - first) / (last - first),
    y: high === low ? 0.5 : (value - low) / (high - low),
  });
  const lines = draw(place, width).map((row, at, rows) => {
    const label = at === 0 ? labels[0] : at === rows.length - 1 ? labels[1] : undefined;
    const axis = label === undefined ? '│' : '┤';
    return `  ${(label ?? '').padStart(margin)} ${axis}${row}`.trimEnd();
  });
  const behind = ' '.repeat(margin + 3);
  const axis = `${behind}└${'─'.repeat(width)}`;
  const ends = `${behind} ${between(`epoch ${first}`, String(last), width)}`;
  return `\n  ${metric}\n${[...lines, axis, ends].join('\n')}\n`;
}

/** Places two texts at the ends of a line. */
function between(left: string, right: string, width: number): string {
  return left + right.padStart(Math.max(right.length + 1, width - left.length));
}

/** A position in the plot, each coordinate from 0 to 1, y upwards. */
interface Point {
  readonly x: number;
  readonly y: number;
}

/** Bits of a braille cell's dots, by column and by row from the top. */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/** Braille cells have 2 × 4 dots; a line connects successive points, so that steep steps have no gaps. */
function braille(points: readonly Point[], width: number): string[] {
  const cells = Array.from({ length: HEIGHT }, () => new Uint8Array(width));
  const [right, bottom] = [width * 2 - 1, HEIGHT * 4 - 1];
  const dots = points.map(({ x, y }) => [Math.round(x * right), Math.round((1 - y) * bottom)]);
  const put = (x: number, y: number) => {
    const row = cells[y >> 2]!;
    row[x >> 1] = row[x >> 1]! | DOTS[x % 2 === 0 ? 0 : 1][y % 4]!;
  };
  let [fromX, fromY] = dots[0] as [number, number];
  for (const [x, y] of dots as [number, number][]) {
    const steps = Math.max(1, Math.abs(x - fromX), Math.abs(y - fromY));
    for (let step = 0; step <= steps; step++) {
      const part = step / steps;
      put(Math.round(fromX + part * (x - fromX)), Math.round(fromY + part * (y - fromY)));
    }
    [fromX, fromY] = [x, y];
  }
  return cells.map((row) => String.fromCodePoint(...Array.from(row, (bits) => 0x2800 + bits)));
}
