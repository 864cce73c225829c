/**
 * The fast marching method (Sethian 1996): reaches the pixels of a hole from its rim inwards, in the
 * order of their distance. Telea's and the Navier–Stokes fill paint each pixel as it is reached.
 *
 * The grid has a margin that belongs neither to the hole nor to the image, as wide as any
 * neighbourhood reaches, so that nothing needs a bounds check.
 */
import type { Hole } from './hole.js';
import { createQueue } from './queue.js';

/** What a cell is: only KNOWN cells may be read for a value. */
export const KNOWN = 0;
export const UNKNOWN = 1;
export const MARGIN = 2;

export interface March {
  /** Cells to a row: the image's width and the margins. */
  readonly stride: number;
  /** What each cell is. */
  readonly cells: Uint8Array;
  /** The image's pixels; 0 in the margin and where nothing is painted yet. */
  readonly values: Float64Array;
  /** Distance from the rim: 0 on it, positive in the hole, negative outside. */
  readonly distance: Float32Array;
}

/** The margin's width, and the farthest that a neighbourhood may reach. */
export const REACH = 3;

/** Farther than any distance: what no front has reached. */
const FAR = 1e6;

/**
 * Paints the hole from its rim inwards.
 *
 * @param outside also find the (negative) distance of known pixels up to this many pixels from the hole
 * @param paint gives a cell's value; its distance is set, it and what comes later is UNKNOWN
 * @returns the plane with the hole painted
 */
export function marchInto(
  plane: Uint8Array,
  hole: Hole,
  outside: number,
  paint: (cell: number, grid: March) => number,
): Float64Array {
  const grid = createGrid(plane, hole);
  const rim = findRim(grid);
  for (const cell of rim) grid.distance[cell] = 0;
  if (outside > 0) measureOutside(grid, rim, outside);
  advance(grid, rim, (cell) => {
    grid.values[cell] = paint(cell, grid);
  });
  const filled = Float64Array.from(plane);
  for (const pixel of hole.pixels) filled[pixel] = grid.values[cellOf(pixel, hole.width)]!;
  return filled;
}

function createGrid(plane: Uint8Array, { width, height, mask }: Hole): March {
  const stride = width + 2 * REACH;
  const size = stride * (height + 2 * REACH);
  const cells = new Uint8Array(size).fill(MARGIN);
  const values = new Float64Array(size);
  for (let pixel = 0; pixel < mask.length; pixel++) {
    const cell = cellOf(pixel, width);
    cells[cell] = mask[pixel] !== 0 ? UNKNOWN : KNOWN;
    if (mask[pixel] === 0) values[cell] = plane[pixel]!;
  }
  return { stride, cells, values, distance: new Float32Array(size).fill(FAR) };
}

function cellOf(pixel: number, width: number): number {
  const x = pixel % width;
  return ((pixel - x) / width + REACH) * (width + 2 * REACH) + x + REACH;
}

/** Known pixels with an unknown neighbour, row by row. */
function findRim({ cells, stride }: March): number[] {
  const rim: number[] = [];
  for (let cell = stride; cell < cells.length - stride; cell++) {
    if (cells[cell] !== KNOWN) continue;
    const touches =
      cells[cell - stride] === UNKNOWN ||
      cells[cell - 1] === UNKNOWN ||
      cells[cell + 1] === UNKNOWN ||
      cells[cell + stride] === UNKNOWN;
    if (touches) rim.push(cell);
  }
  return rim;
}

/** The same march outwards, through the ring of known pixels round the hole; distances turn negative. */
function measureOutside(grid: March, rim: readonly number[], reach: number): void {
  const { stride, cells, distance } = grid;
  const ring = new Uint8Array(cells.length).fill(KNOWN);
  for (const cell of rim) {
    // What lies within reach of the hole lies within reach of its rim, and one pixel more.
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const near = cell + dy * stride + dx;
        if (cells[near] === KNOWN) ring[near] = UNKNOWN;
      }
    }
  }
  for (const cell of rim) ring[cell] = KNOWN;
  const reached: number[] = [];
  advance({ ...grid, cells: ring }, rim, (cell) => reached.push(cell));
  for (const cell of reached) distance[cell] = -distance[cell]!;
}

/** Reaches every UNKNOWN cell that is connected to the front, nearest first. */
function advance(
  { stride, cells, distance }: March,
  front: readonly number[],
  reach: (cell: number) => void,
): void {
  const queue = createQueue(front);
  // Above, left, below, right: the order in which neighbours are reached decides between equals.
  const steps = [-stride, -1, stride, 1];
  for (let cell = queue.pop(); cell !== undefined; cell = queue.pop()) {
    for (const step of steps) {
      const next = cell + step;
      if (cells[next] !== UNKNOWN) continue;
      distance[next] = arrivalAt(next, stride, cells, distance);
      reach(next);
      cells[next] = KNOWN;
      queue.push(next, distance[next]!);
    }
  }
}

/**
 * |∇T| = 1, solved upwind. OpenCV takes the least over all four pairs of a vertical and a horizontal
 * neighbour; that is the pair of the nearer ones, since the solution grows with either.
 */
function arrivalAt(
  cell: number,
  stride: number,
  cells: Uint8Array,
  distance: Float32Array,
): number {
  const known = (other: number) => (cells[other] === UNKNOWN ? FAR : distance[other]!);
  const vertical = Math.min(known(cell - stride), known(cell + stride));
  const horizontal = Math.min(known(cell - 1), known(cell + 1));
  const gap = vertical - horizontal;
  if (Math.abs(gap) >= 1) return 1 + Math.min(vertical, horizontal);
  return (vertical + horizontal + Math.sqrt(2 - gap * gap)) / 2;
}
