/**
 * Fills a hole by an exact solution of a discrete equation: Laplace's (harmonic), the biharmonic, or
 * that of a spline in tension.
 *
 * All come from the graph Laplacian L of the pixel grid, whose edges end at the image's border
 * (so nothing flows across it): the harmonic fill has L·u = 0 in the hole, the biharmonic L²·u = 0,
 * the spline in tension (L² + 0.1·L)·u = 0.
 * The matrix depends on the hole's shape alone, not on where it lies nor on the image, so its
 * factors are kept: squares of one size cost one factorisation.
 */
import type { Hole, Piece } from './hole.js';
import { addTo, createSkyline, factorize, type Skyline, solve } from './skyline.js';

export type Equation = 'harmonic' | 'biharmonic' | 'tension';

/** Weight of the membrane beside the plate in a spline in tension. */
const TENSION = 0.1;

/** The equations of one shape of hole, factorised, and how the known pixels enter them. */
interface System {
  /** Offset of each unknown from the first pixel of the bounding box, in the order of elimination. */
  readonly unknowns: Int32Array;
  readonly factors: Skyline;
  readonly couplings: Couplings;
}

/** Known pixels in the equations, one entry each: rhs[row] += weight · plane[origin + offset]. */
interface Couplings {
  readonly row: Int32Array;
  readonly offset: Int32Array;
  readonly weight: Float64Array;
}

/** How far an equation reaches, in pixels: nearer to the border than this its coefficients change. */
const REACH: Readonly<Record<Equation, number>> = {
  harmonic: 1,
  biharmonic: 2,
  tension: 2,
};

/** Numbers kept in all factors together: 128 MB. Beyond it the longest unused go. */
const KEPT_NUMBERS = 16_000_000;

const systems = new Map<string, System>();
let keptNumbers = 0;

/** Solves the equation in every piece of the hole and writes the solution into `filled`. */
export function solveHole(
  plane: ArrayLike<number>,
  hole: Hole,
  equation: Equation,
  filled: Float64Array,
): void {
  for (const piece of hole.pieces) {
    const { unknowns, factors, couplings } = systemOf(hole, piece, equation);
    const origin = piece.top * hole.width + piece.left;
    const values = new Float64Array(unknowns.length);
    const { row, offset, weight } = couplings;
    for (let i = 0; i < row.length; i++) {
      values[row[i]!]! += weight[i]! * plane[origin + offset[i]!]!;
    }
    solve(factors, values);
    for (let i = 0; i < values.length; i++) filled[origin + unknowns[i]!] = values[i]!;
  }
}

function systemOf(hole: Hole, piece: Piece, equation: Equation): System {
  const key = shapeKey(hole, piece, equation);
  const kept = systems.get(key);
  if (kept !== undefined) {
    systems.delete(key); // put back last: the map's order is the order of use
    systems.set(key, kept);
    return kept;
  }
  const system = buildSystem(hole, piece, equation);
  systems.set(key, system);
  keptNumbers += system.factors.values.length;
  for (const [oldest, old] of systems) {
    if (keptNumbers <= KEPT_NUMBERS || oldest === key) break;
    systems.delete(oldest);
    keptNumbers -= old.factors.values.length;
  }
  return system;
}

/** All that the matrix depends on. */
function shapeKey(hole: Hole, piece: Piece, equation: Equation): string {
  const reach = REACH[equation];
  const room = [
    piece.left,
    piece.top,
    hole.width - piece.left - piece.width,
    hole.height - piece.top - piece.height,
  ].map((pixels) => Math.min(pixels, reach));
  const bits = Buffer.alloc(Math.ceil((piece.width * piece.height) / 8));
  for (const pixel of piece.pixels) {
    const x = (pixel % hole.width) - piece.left;
    const y = Math.floor(pixel / hole.width) - piece.top;
    const bit = y * piece.width + x;
    bits[bit >> 3]! |= 1 << (bit & 7);
  }
  return [equation, hole.width, piece.width, piece.height, ...room, bits.toString('latin1')].join();
}

function buildSystem(hole: Hole, piece: Piece, equation: Equation): System {
  const pixels = eliminationOrder(hole, piece);
  const number = new Map<number, number>();
  pixels.forEach((pixel, at) => {
    number.set(pixel, at);
  });
  const first = new Int32Array(pixels.length);
  pixels.forEach((pixel, row) => {
    let lowest = row;
    forEachTerm(equation, hole, pixel, (other) => {
      lowest = Math.min(lowest, number.get(other) ?? row);
    });
    first[row] = lowest;
  });
  const factors = createSkyline(first);
  const origin = piece.top * hole.width + piece.left;
  const known: { row: number; offset: number; weight: number }[] = [];
  pixels.forEach((pixel, row) => {
    forEachTerm(equation, hole, pixel, (other, weight) => {
      const column = number.get(other);
      if (column !== undefined) addTo(factors, row, column, weight);
      else known.push({ row, offset: other - origin, weight: -weight });
    });
  });
  factorize(factors);
  return {
    unknowns: pixels.map((pixel) => pixel - origin),
    factors,
    couplings: {
      row: Int32Array.from(known, (entry) => entry.row),
      offset: Int32Array.from(known, (entry) => entry.offset),
      weight: Float64Array.from(known, (entry) => entry.weight),
    },
  };
}

/** Along the shorter side first: the skyline is then as low as the piece is narrow. */
function eliminationOrder(hole: Hole, piece: Piece): Int32Array {
  if (piece.width <= piece.height) return piece.pixels;
  const column = (pixel: number) => pixel % hole.width;
  return piece.pixels.slice().sort((a, b) => column(a) - column(b) || a - b);
}

type Emit = (pixel: number, weight: number) => void;

/** The terms of the equation at one pixel; a pixel may come more than once, its weights add up. */
function forEachTerm(equation: Equation, hole: Hole, pixel: number, emit: Emit): void {
  if (equation === 'harmonic') {
    forEachLaplacian(hole, pixel, 1, emit);
    return;
  }
  if (equation === 'tension') forEachLaplacian(hole, pixel, TENSION, emit);
  forEachLaplacian(hole, pixel, 1, (middle, weight) => {
    forEachLaplacian(hole, middle, weight, emit);
  });
}

/** Row `pixel` of L: the number of neighbours inside the image, and −1 for each of them. */
function forEachLaplacian({ width, height }: Hole, pixel: number, scale: number, emit: Emit): void {
  const x = pixel % width;
  const y = (pixel - x) / width;
  let degree = 0;
  const neighbour = (inside: boolean, other: number) => {
    if (!inside) return;
    degree++;
    emit(other, -scale);
  };
  neighbour(y > 0, pixel - width);
  neighbour(x > 0, pixel - 1);
  neighbour(x < width - 1, pixel + 1);
  neighbour(y < height - 1, pixel + width);
  emit(pixel, degree * scale);
}
