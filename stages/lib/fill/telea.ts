/**
 * Telea's fill (2004): from the rim inwards, each pixel becomes a weighted mean of the known pixels
 * round it. The weights are OpenCV's, which departs from the article in two ways (1/r³ for nearness,
 * and a correction along the gradient of at most √2 gray levels): its results are what people
 * compare with. Unlike OpenCV's, it also fills holes that touch the first row or column.
 */
import type { Fill } from './hole.js';
import { KNOWN, type March, march } from './march.js';
import { disc, leavesRow, type Offset, pixelOf, toByte } from './neighbourhood.js';

export const TELEA_RADIUS = 3;

export const fillTelea: Fill = (plane, hole) => {
  const filled = Float64Array.from(plane);
  const near = disc(TELEA_RADIUS);
  march(hole, TELEA_RADIUS, (cell, grid) => {
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
  const { stride, cells, distance } = grid;
  const slopeX = slopeOf(cell, 1, grid);
  const slopeY = slopeOf(cell, stride, grid);
  const here = pixelOf(cell, grid, width);
  let total = 0;
  let mean = 0;
  let driftX = 0;
  let driftY = 0;
  for (const { dx, dy } of near) {
    const other = cell + dy * stride + dx;
    if (cells[other] !== KNOWN || leavesRow(cell, dx, stride)) continue;
    const square = dx * dx + dy * dy;
    const nearness = 1 / (square * Math.sqrt(square));
    const level = 1 / (1 + Math.abs(distance[other]! - distance[cell]!));
    const along = -dx * slopeX - dy * slopeY;
    const weight = nearness * level * (Math.abs(along) <= 0.01 ? 1e-6 : Math.abs(along));
    const pixel = here + dy * width + dx;
    total += weight;
    mean += weight * filled[pixel]!;
    driftX += weight * dx * gradientOf(other, 1, pixel, 1, grid, filled);
    driftY += weight * dy * gradientOf(other, stride, pixel, width, grid, filled);
  }
  const drift = (driftX + driftY) / (Math.hypot(driftX, driftY) + 1e-20);
  // OpenCV adds a half and then rounds; a half goes down here, so that an even image stays even.
  return toByte(mean / (total + 1e-20) + drift + 0.4999);
}

/** Slope of the distance along one axis: central where both sides are known, else one-sided. */
function slopeOf(cell: number, step: number, { cells, distance }: March): number {
  const after = cells[cell + step] === KNOWN;
  const before = cells[cell - step] === KNOWN;
  if (after && before) return (distance[cell + step]! - distance[cell - step]!) / 2;
  if (after) return distance[cell + step]! - distance[cell]!;
  if (before) return distance[cell]! - distance[cell - step]!;
  return 0;
}

/** Slope of the image. OpenCV doubles a central difference where one would halve it; kept. */
function gradientOf(
  cell: number,
  step: number,
  pixel: number,
  pixelStep: number,
  { cells }: March,
  filled: Float64Array,
): number {
  const after = cells[cell + step] === KNOWN;
  const before = cells[cell - step] === KNOWN;
  if (after && before) return (filled[pixel + pixelStep]! - filled[pixel - pixelStep]!) * 2;
  if (after) return filled[pixel + pixelStep]! - filled[pixel]!;
  if (before) return filled[pixel]! - filled[pixel - pixelStep]!;
  return 0;
}
