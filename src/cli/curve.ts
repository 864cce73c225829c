/** A metric over the epochs, drawn in the characters of a terminal. Pure. */
import type { EpochRecord } from '../cache/record.js';
import { firstMetric, metricAt } from '../run/incremental.js';

const HEIGHT = 8;

/** Braille cells hold 2 × 4 dots; a dot for each epoch, or for the mean of several when they are many. */
export function curve(
  records: readonly EpochRecord[],
  metric: string | undefined,
  columns: number,
): string {
  const name = metric ?? firstMetric(records);
  if (name === undefined) return '';
  const values = records
    .map((record) => metricAt(record.metrics, name))
    .filter((value) => value !== undefined);
  if (values.length < 2) return '';
  const low = Math.min(...values);
  const high = Math.max(...values);
  const labels = [high, low].map((value) => String(Number(value.toPrecision(4))));
  const margin = Math.max(...labels.map((label) => label.length));
  const width = Math.max(8, Math.min(columns - margin - 4, Math.ceil(values.length / 2)));
  const rows = braille(squeeze(values, width * 2), low, high, width);
  const lines = rows.map((row, at) => {
    const label = at === 0 ? labels[0] : at === rows.length - 1 ? labels[1] : '';
    return `  ${(label ?? '').padStart(margin)} ${row}`;
  });
  return `\n  ${name}\n${lines.join('\n')}\n`;
}

/** At most `count` values, each the mean of its neighbours. */
function squeeze(values: readonly number[], count: number): number[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, at) => {
    const part = values.slice(
      Math.floor((at * values.length) / count),
      Math.floor(((at + 1) * values.length) / count),
    );
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

/** Bits of a braille cell's dots, by column and by row from the top. */
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

function braille(values: readonly number[], low: number, high: number, width: number): string[] {
  const cells = Array.from({ length: HEIGHT }, () => new Uint8Array(width));
  const levels = HEIGHT * 4 - 1;
  values.forEach((value, x) => {
    const level = high === low ? levels / 2 : ((value - low) / (high - low)) * levels;
    const y = levels - Math.round(level);
    const row = cells[Math.floor(y / 4)];
    const column = Math.floor(x / 2);
    if (row !== undefined)
      row[column] = (row[column] ?? 0) | (DOTS[x % 2 === 0 ? 0 : 1][y % 4] ?? 0);
  });
  return cells.map((row) => String.fromCodePoint(...Array.from(row, (bits) => 0x2800 + bits)));
}
