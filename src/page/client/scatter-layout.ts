/**
 * Places of the points of a scatter plot. On the axis of a setting with few values, such as a learning
 * rate, points that would cover each other lie side by side: the width of such a pile shows how many
 * there are. Pure.
 */
import { addTo, getOrMake } from '../../lists.js';
import type { PageColumn } from '../model.js';
import { isSetting, mayBeLog } from './result-rows.js';
import { type Scale, scaleOf } from './scale.js';

export const RADIUS = 3;
const SIZE = 2 * RADIUS;

/** With more values, the piles would be too narrow. */
const MOST_VALUES = 30;
/** The part of the room between two values that a pile may fill. */
const FILLED = 0.9;
/** With fewer points, the median means little. */
const LEAST_FOR_MEDIAN = 10;

interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Spot {
  readonly row: number;
  /** In pixels. */
  readonly x: number;
  readonly y: number;
}

export interface Drawing {
  readonly spots: readonly Spot[];
  readonly x: Scale;
  readonly y: Scale;
  /** Medians of y in pixels, for values of x with many points. Empty if x has many values. */
  readonly medians: readonly { readonly x: number; readonly y: number; readonly width: number }[];
  /** Below 1, so that points that overlap remain visible. */
  readonly opacity: number;
}

/** `rows`: those with both values. */
export function drawingOf(
  rows: readonly number[],
  x: PageColumn,
  y: PageColumn,
  { left, right, top, bottom }: Area,
): Drawing {
  const across = axisOf(rows, x, left, right);
  const up = axisOf(rows, y, bottom, top);
  const { shifts, free } = spread(across, up);
  return {
    spots: rows.map((row, at) => ({
      row,
      x: (across.places[at] as number) + (shifts?.x[at] ?? 0),
      y: (up.places[at] as number) + (shifts?.y[at] ?? 0),
    })),
    x: across.scale,
    y: up.scale,
    medians: across.rooms && !up.rooms ? mediansOf(across.places, up.places, across.rooms) : [],
    opacity: opacityOf(free, rows.length),
  };
}

/** The shape of a pile shows where it is dense, so its points need not be faint. */
function opacityOf(free: number | undefined, count: number): number {
  if (free === undefined) return Math.max(0.15, Math.min(0.85, 300 / Math.max(1, count)));
  return Math.max(0.4, 0.85 * free);
}

interface Spread {
  /** Offset of each point from its values. */
  readonly shifts?: { readonly x: ArrayLike<number>; readonly y: ArrayLike<number> };
  /** The smallest part of a point that the next one leaves free: 1 if none is covered. */
  readonly free?: number;
}

function spread(x: Axis, y: Axis): Spread {
  const none = new Float64Array(x.places.length);
  if (x.rooms && y.rooms) return blocksOf(x.places, y.places, x.rooms, y.rooms);
  if (x.rooms) {
    const { shifts, free } = pilesOf(x.places, y.places, x.rooms);
    return { shifts: { x: shifts, y: none }, free };
  }
  if (y.rooms === undefined) return {};
  const { shifts, free } = pilesOf(y.places, x.places, y.rooms);
  return { shifts: { x: none, y: shifts }, free };
}

/** For each place on an axis with few values: the width over which its points may spread. */
type Rooms = ReadonlyMap<number, number>;

interface Axis {
  readonly scale: Scale;
  /** Of each row. */
  readonly places: readonly number[];
  /** If it has few values. */
  readonly rooms?: Rooms;
}

function axisOf(rows: readonly number[], column: PageColumn, from: number, to: number): Axis {
  const values = rows.map((row) => column.cells[row] as number);
  const few = isSetting(column) ? fewValues(values) : undefined;
  const most = Math.abs(to - from) / (few?.length ?? 1);
  const inset = Math.sign(to - from) * (few === undefined ? SIZE : most / 2);
  const scale = scaleOf(values, from + inset, to - inset, mayBeLog(column));
  const places = values.map(scale.at);
  if (few === undefined) return { scale, places };
  return { scale: { ...scale, ticks: few }, places, rooms: roomsOf(few.map(scale.at), most) };
}

function roomsOf(places: readonly number[], most: number): Rooms {
  const gap = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? most : Math.abs(a - b);
  return new Map(
    places.map((place, at) => {
      const gaps = [gap(places[at - 1], place), gap(place, places[at + 1])];
      return [place, FILLED * Math.min(...gaps, most)];
    }),
  );
}

/** The values in order, if there are few and they repeat. */
function fewValues(values: readonly number[]): readonly number[] | undefined {
  const found = new Set<number>();
  for (const value of values) {
    found.add(value);
    if (found.size > Math.min(MOST_VALUES, values.length / 2)) return undefined;
  }
  return found.size === 0 ? undefined : [...found].sort((a, b) => a - b);
}

/** Points at a value, by their level on the other axis. */
function levelsOf(along: readonly number[], across: readonly number[], height: number) {
  const levels = new Map<number, Map<number, number[]>>();
  for (const [at, value] of along.entries()) {
    const own = getOrMake(levels, value, () => new Map<number, number[]>());
    addTo(own, Math.round((across[at] as number) / height), at);
  }
  return levels;
}

/** Points of about the same height lie in a row. */
function pilesOf(along: readonly number[], across: readonly number[], rooms: Rooms) {
  const shifts = new Float64Array(along.length);
  let free = 1;
  for (const [value, levels] of levelsOf(along, across, SIZE)) {
    let most = 1;
    for (const points of levels.values()) most = Math.max(most, points.length);
    const step = Math.min(SIZE, (rooms.get(value) as number) / most);
    free = Math.min(free, step / SIZE);
    for (const points of levels.values())
      for (const [place, point] of points.entries())
        shifts[point] = (place - (points.length - 1) / 2) * step;
  }
  return { shifts, free };
}

/** Points with the same two values are a block, with an area for their number. */
function blocksOf(
  xs: readonly number[],
  ys: readonly number[],
  widths: Rooms,
  heights: Rooms,
): Spread {
  const blocks: { readonly points: readonly number[]; readonly w: number; readonly h: number }[] =
    [];
  for (const [x, levels] of levelsOf(xs, ys, 1))
    for (const points of levels.values()) {
      const h = heights.get(ys[points[0] as number] as number) as number;
      blocks.push({ points, w: widths.get(x) as number, h });
    }
  const step = blocks.reduce(
    (least, { points, w, h }) => Math.min(least, Math.sqrt((w * h) / points.length)),
    SIZE,
  );
  const shifts = { x: new Float64Array(xs.length), y: new Float64Array(xs.length) };
  for (const { points, w, h } of blocks) {
    const square = Math.ceil(Math.sqrt(points.length));
    const least = Math.ceil(points.length / Math.max(1, Math.floor(h / step)));
    const columns = Math.min(Math.max(square, least), Math.max(1, Math.floor(w / step)));
    const lines = Math.ceil(points.length / columns);
    for (const [place, point] of points.entries()) {
      shifts.x[point] = ((place % columns) - (Math.min(columns, points.length) - 1) / 2) * step;
      shifts.y[point] = (Math.floor(place / columns) - (lines - 1) / 2) * step;
    }
  }
  return { shifts, free: step / SIZE };
}

/** Of the values with many points. */
function mediansOf(xs: readonly number[], ys: readonly number[], rooms: Rooms): Drawing['medians'] {
  return [...rooms].flatMap(([x, width]) => {
    const own = ys.filter((_, at) => xs[at] === x);
    return own.length < LEAST_FOR_MEDIAN ? [] : [{ x, y: median(own), width }];
  });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
