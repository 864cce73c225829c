/** The smooth fills: harmonic (a stretched membrane), biharmonic (a bent plate), and halfway between them. */
import { type Fill, type Hole, meanOfKnown } from './hole.js';
import { type Equation, solveHole } from './laplacian.js';

/** Laplace's equation in the hole, its rim held: no value lies outside those of the rim. Exact. */
export const fillHarmonic: Fill = (plane, hole) => fillSmooth(plane, hole, 'harmonic');

/**
 * The biharmonic equation: slopes continue into the hole as well. It may overshoot, so what it
 * gives is kept within the range of the known pixels, as scikit-image does. Exact.
 */
export const fillBiharmonic: Fill = (plane, hole) => {
  const filled = fillSmooth(plane, hole, 'biharmonic');
  const { low, high } = rangeOfKnown(plane, hole);
  for (const pixel of hole.pixels) filled[pixel] = Math.min(high, Math.max(low, filled[pixel]!));
  return filled;
};

/**
 * Halfway between the two: the one flattens what the other overshoots, and on photographs their mean is
 * nearer to the image than either (docs/experiment/experiment.md).
 */
export const fillBlend: Fill = (plane, hole) => {
  const harmonic = fillHarmonic(plane, hole);
  return fillBiharmonic(plane, hole).map((value, i) => (value + harmonic[i]!) / 2);
};

function fillSmooth(plane: Uint8Array, hole: Hole, equation: Equation): Float64Array {
  const filled = Float64Array.from(plane);
  if (hole.pixels.length === plane.length) return filled.fill(meanOfKnown(plane, hole));
  solveHole(plane, hole, equation, filled);
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
