/**
 * The smooth fills: harmonic (a stretched membrane), biharmonic (a bent plate), and a spline in tension
 * (a plate that is stretched too).
 */
import { type Fill, type Hole, meanOfKnown } from './hole.js';
import { type Equation, solveHole } from './laplacian.js';

/** Laplace's equation in the hole, its rim held: no value lies outside those of the rim. Exact. */
export const fillHarmonic: Fill = (plane, hole) => fillSmooth(plane, hole, 'harmonic');

/**
 * The biharmonic equation: slopes continue into the hole as well. It may overshoot, so what it
 * gives is kept within the range of the known pixels, as scikit-image does. Exact.
 */
export const fillBiharmonic: Fill = (plane, hole) =>
  withinKnown(fillSmooth(plane, hole, 'biharmonic'), plane, hole);

/** A spline in tension: overshoots less than the plate, flattens less than the membrane. Exact; kept within range as well. */
export const fillTension: Fill = (plane, hole) =>
  withinKnown(fillSmooth(plane, hole, 'tension'), plane, hole);

function fillSmooth(plane: Uint8Array, hole: Hole, equation: Equation): Float64Array {
  const filled = Float64Array.from(plane);
  if (hole.pixels.length === plane.length) return filled.fill(meanOfKnown(plane, hole));
  solveHole(plane, hole, equation, filled);
  return filled;
}

/**
 * Continues what an estimate misses at the rim into the hole, halfway between membrane and plate, and
 * adds it: the estimate keeps its inner structure and loses its seam.
 *
 * @param estimate [height, width]; its values in the hole are mended in place
 */
export function mendSeam(estimate: Float64Array, plane: Uint8Array, hole: Hole): void {
  if (hole.pixels.length === plane.length) return;
  const missed = estimate.map((value, i) => plane[i]! - value);
  const membrane = new Float64Array(plane.length);
  const plate = new Float64Array(plane.length);
  solveHole(missed, hole, 'harmonic', membrane);
  solveHole(missed, hole, 'biharmonic', plate);
  for (const pixel of hole.pixels) estimate[pixel]! += (membrane[pixel]! + plate[pixel]!) / 2;
}

/** Values in the hole no lower and no higher than the known ones. */
export function withinKnown(filled: Float64Array, plane: Uint8Array, hole: Hole): Float64Array {
  const { low, high } = rangeOfKnown(plane, hole);
  for (const pixel of hole.pixels) filled[pixel] = Math.min(high, Math.max(low, filled[pixel]!));
  return filled;
}

function rangeOfKnown(plane: Uint8Array, { mask }: Hole): { low: number; high: number } {
  let low = 255;
  let high = 0;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== 0) continue;
    low = Math.min(low, plane[i]!);
    high = Math.max(high, plane[i]!);
  }
  return low <= high ? { low, high } : { low: 0, high: 255 };
}
