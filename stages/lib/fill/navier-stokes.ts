/**
 * The Navier–Stokes fill (after Bertalmio, Bertozzi and Sapiro 2001) in the form that OpenCV made
 * of it: from the rim inwards, each pixel a mean of known ones, weighted so that values travel along
 * lines of equal brightness. Unlike OpenCV's, it also fills holes that touch the first row or column.
 */
import type { Fill } from './hole.js';
import { KNOWN, type March, march } from './march.js';
import { disc, leavesRow, type Offset, pixelOf, toByte } from './neighbourhood.js';

export const NAVIER_STOKES_RADIUS = 3;

export const fillNavierStokes: Fill = (plane, hole) => {
  const filled = Float64Array.from(plane);
  const near = disc(NAVIER_STOKES_RADIUS);
  march(hole, 0, (cell, grid) => {
    const at = pixelOf(cell, grid, hole.width);
    filled[at] = paint(cell, grid, near, filled, hole.width);
  });
  return filled;
};

function paint(
  cell: number,
  grid: March,
  near: readonly Offset[],
  filled: Float64Array,
  width: number,
): number {
  const { stride, cells } = grid;
  const here = pixelOf(cell, grid, width);
  let total = 1e-20;
  let mean = 0;
  for (const { dx, dy } of near) {
    const other = cell + dy * stride + dx;
    if (cells[other] !== KNOWN || leavesRow(cell, dx, stride)) continue;
    const pixel = here + dy * width + dx;
    const square = dx * dx + dy * dy;
    // A quarter turn of the gradient's magnitudes: the direction in which brightness stays equal.
    const flowX = -roughness(other, stride, pixel, width, grid, filled);
    const flowY = roughness(other, 1, pixel, 1, grid, filled);
    const along = -dx * flowX - dy * flowY;
    const direction =
      Math.abs(along) <= 0.01
        ? 1e-6
        : Math.abs(along) / Math.sqrt(square * (flowX * flowX + flowY * flowY));
    const weight = direction / (square * square + 1);
    total += weight;
    mean += weight * filled[pixel]!;
  }
  return toByte(mean / total);
}

/** The absolute differences to both sides along one axis, added; one side counts twice alone. */
function roughness(
  cell: number,
  step: number,
  pixel: number,
  pixelStep: number,
  { cells }: March,
  filled: Float64Array,
): number {
  const after = cells[cell + step] === KNOWN;
  const before = cells[cell - step] === KNOWN;
  const here = filled[pixel]!;
  if (after && before) {
    return (
      Math.abs(filled[pixel + pixelStep]! - here) + Math.abs(here - filled[pixel - pixelStep]!)
    );
  }
  if (after) return Math.abs(filled[pixel + pixelStep]! - here) * 2;
  if (before) return Math.abs(here - filled[pixel - pixelStep]!) * 2;
  return 0;
}
