/** Fits a table into the width of a terminal. Pure. */
import { rangeOf } from '../lists.js';
import { cutMiddle, widthOf } from './live/text-columns.js';

/** The first row is the heading. */
export type Rows = readonly (readonly string[])[];

/** Between two columns. */
const GAP = 2;

/**
 * A text is not cut below this width, because it would be unrecognizable: in a table that fits as a whole, and in
 * one that has to be split, where a narrow column gains nothing.
 */
const LEAST = { whole: 10, split: 16 } as const;

/** What people copy: keys, and dates such as `2026-01-31 09:05`. */
const NAME = /^(?:[0-9a-f]{8,12}|\d{4}-\d\d-\d\d \d\d:\d\d)$/;

/** Numbers, sizes and durations, such as `0.25`, `0.25 ± 0.03`, `1.2 MiB`, `2 h 05 min`, `2 of 5`, `27.3 (epoch 22)`. */
const FIGURE =
  /^[-+\u2013]?[\d.e+-]+(?: \u00b1 [\d.e+-]+)?(?: [A-Za-z]{1,3})?(?: \d+)?(?: [a-z]{1,3})?(?: \([^()]*\))? *$/;

/**
 * Cuts the middle of the longest texts until the rows fit, but never a number. Columns that still
 * do not fit follow in separate tables, each with the first column.
 *
 * @param room undefined: any width fits
 */
export function fitted(rows: Rows, room: number | undefined): readonly Rows[] {
  if (room === undefined) return [rows];
  const widths = widthsOf(rows);
  const whole = floorsOf(rows, LEAST.whole);
  const fits = whole.reduce((sum, floor) => sum + floor + GAP, -GAP) <= room;
  const floors = fits ? whole : floorsOf(rows, Math.min(LEAST.split, Math.floor((room - GAP) / 2)));
  return blocksOf(floors, room).map((block) => {
    const caps = capsOf(block, widths, floors, room);
    return rows.map((row) => block.map((at) => cutMiddle(row[at] ?? '', caps.get(at) ?? 0)));
  });
}

function floorsOf(rows: Rows, least: number): readonly number[] {
  return widthsOf(rows, (cell) =>
    FIGURE.test(cell) || NAME.test(cell) ? cell.length : Math.min(widthOf(cell), least),
  );
}

/** The columns of each table: as many as fit, and at least two. */
function blocksOf(floors: readonly number[], room: number): readonly (readonly number[])[] {
  const [first = 0, ...others] = floors;
  const blocks: number[][] = [[0]];
  let used = first;
  for (const [index, floor] of others.entries()) {
    const block = blocks.at(-1) as number[];
    if (block.length > 1 && used + GAP + floor > room) {
      blocks.push([0, index + 1]);
      used = first + GAP + floor;
    } else {
      block.push(index + 1);
      used += GAP + floor;
    }
  }
  return blocks;
}

/** Widths of a block's columns: wider ones are cut to the highest limit that fits. */
function capsOf(
  block: readonly number[],
  widths: readonly number[],
  floors: readonly number[],
  room: number,
): ReadonlyMap<number, number> {
  const at = (limit: number) =>
    new Map(
      block.map((index) => [
        index,
        Math.min(widths[index] ?? 0, Math.max(floors[index] ?? 0, limit)),
      ]),
    );
  let limit = largest(block.map((index) => widths[index] ?? 0));
  const isTooWide = () =>
    [...at(limit).values()].reduce((sum, width) => sum + width + GAP, -GAP) > room;
  while (limit > 1 && isTooWide()) limit--;
  return at(limit);
}

export function widthsOf(rows: Rows, measure = widthOf): readonly number[] {
  const columns = largest(rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, at) =>
    largest(rows.map((row) => measure(row[at] ?? ''))),
  );
}

/** The largest width; 0 without one. */
export function largest(widths: readonly number[]): number {
  return Math.max(0, rangeOf(widths)[1]);
}
