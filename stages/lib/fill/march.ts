/**
 * The fast marching method (Sethian 1996): reaches the pixels of a hole from its rim inwards, in the
 * order of their distance. Telea's and the Navier–Stokes fill paint each pixel as it is reached.
 *
 * The grid has a margin of one cell, which belongs neither to the hole nor to the image, so that
 * neighbours need no bounds check.
 */
import type { Hole } from './hole.js';

/** What a cell is: only KNOWN cells may be read for a value. */
export const KNOWN = 0;
export const UNKNOWN = 1;
export const MARGIN = 2;

export interface March {
  /** Cells to a row: the image's width and the margin. */
  readonly stride: number;
  readonly cells: Uint8Array;
  /** Distance from the rim: 0 on it, positive in the hole, negative outside. */
  readonly distance: Float32Array;
}

/** Farther than any distance: what no front has reached. */
const FAR = 1e6;

/**
 * Marches into the hole.
 *
 * @param outside also find the (negative) distance of known pixels up to this many pixels from the hole
 * @param paint called for each cell as it is reached, its distance set, it and what comes later UNKNOWN
 */
export function march(
  hole: Hole,
  outside: number,
  paint: (cell: number, march: March) => void,
): void {
  const stride = hole.width + 2;
  const cells = new Uint8Array(stride * (hole.height + 2)).fill(MARGIN);
  const distance = new Float32Array(cells.length).fill(FAR);
  for (let y = 0; y < hole.height; y++) {
    for (let x = 0; x < hole.width; x++) {
      cells[(y + 1) * stride + x + 1] = hole.mask[y * hole.width + x] !== 0 ? UNKNOWN : KNOWN;
    }
  }
  const rim = findRim(cells, stride);
  for (const cell of rim) distance[cell] = 0;
  if (outside > 0) measureOutside({ stride, cells, distance }, rim, outside);
  const grid = { stride, cells, distance };
  advance(grid, cells, rim, (cell) => paint(cell, grid));
}

/** Known pixels with an unknown neighbour, row by row. */
function findRim(cells: Uint8Array, stride: number): number[] {
  const rim: number[] = [];
  for (let cell = stride; cell < cells.length - stride; cell++) {
    if (cells[cell] !== KNOWN) continue;
    if (neighbours(cell, stride).some((other) => cells[other] === UNKNOWN)) rim.push(cell);
  }
  return rim;
}

/** The same march outwards, through the ring of known pixels round the hole; distances turn negative. */
function measureOutside({ stride, cells, distance }: March, rim: number[], reach: number): void {
  const ring = cells.slice().fill(KNOWN);
  const onRim = new Set(rim);
  const reached: number[] = [];
  for (let cell = 0; cell < cells.length; cell++) {
    if (cells[cell] !== UNKNOWN) continue;
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const near = cell + dy * stride + dx;
        const wrapped = Math.abs((near % stride) - (cell % stride)) > reach;
        if (!wrapped && cells[near] === KNOWN && !onRim.has(near)) ring[near] = UNKNOWN;
      }
    }
  }
  advance({ stride, cells: ring, distance }, ring, rim, (cell) => reached.push(cell));
  for (const cell of reached) distance[cell] = -distance[cell]!;
}

/** Reaches every UNKNOWN cell of `cells` that is connected to the front, nearest first. */
function advance(
  { stride, distance }: March,
  cells: Uint8Array,
  front: readonly number[],
  reach: (cell: number) => void,
): void {
  const queue = createQueue(front);
  for (let cell = queue.pop(); cell !== undefined; cell = queue.pop()) {
    for (const next of neighbours(cell, stride)) {
      if (cells[next] !== UNKNOWN) continue;
      const arrival = arrivalAt(next, stride, cells, distance);
      distance[next] = arrival;
      reach(next);
      cells[next] = KNOWN;
      queue.push(next, distance[next]!);
    }
  }
}

/** Above, left, below, right: the order in which a cell's neighbours are reached matters for ties. */
function neighbours(cell: number, stride: number): [number, number, number, number] {
  return [cell - stride, cell - 1, cell + stride, cell + 1];
}

/** |∇T| = 1 solved upwind from each pair of a vertical and a horizontal neighbour; the least counts. */
function arrivalAt(
  cell: number,
  stride: number,
  cells: Uint8Array,
  distance: Float32Array,
): number {
  let least = Number.POSITIVE_INFINITY;
  for (const vertical of [cell - stride, cell + stride]) {
    for (const horizontal of [cell - 1, cell + 1]) {
      const a = cells[vertical] === UNKNOWN ? FAR : distance[vertical]!;
      const b = cells[horizontal] === UNKNOWN ? FAR : distance[horizontal]!;
      const gap = a - b;
      const arrival =
        Math.abs(gap) >= 1 ? 1 + Math.min(a, b) : (a + b + Math.sqrt(2 - gap * gap)) / 2;
      least = Math.min(least, arrival);
    }
  }
  return least;
}

/** Cells by distance; of equal ones the first pushed comes first. */
function createQueue(front: readonly number[]) {
  const heap: { readonly cell: number; readonly key: number; readonly order: number }[] = [];
  let pushed = 0;
  const before = (a: number, b: number) => {
    const one = heap[a]!;
    const two = heap[b]!;
    return one.key < two.key || (one.key === two.key && one.order < two.order);
  };
  const swap = (a: number, b: number) => {
    const kept = heap[a]!;
    heap[a] = heap[b]!;
    heap[b] = kept;
  };
  function push(cell: number, key: number): void {
    heap.push({ cell, key, order: pushed++ });
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!before(at, parent)) return;
      swap(at, parent);
      at = parent;
    }
  }
  function pop(): number | undefined {
    const top = heap[0]?.cell;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      if (2 * at + 1 < heap.length && before(2 * at + 1, least)) least = 2 * at + 1;
      if (2 * at + 2 < heap.length && before(2 * at + 2, least)) least = 2 * at + 2;
      if (least === at) return top;
      swap(at, least);
      at = least;
    }
  }
  for (const cell of front) push(cell, 0);
  return { push, pop };
}
