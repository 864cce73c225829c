/**
 * Telea's fill (2004): from the rim inwards, each pixel becomes a weighted mean of the known pixels
 * round it. The weights are OpenCV's, which departs from the article in two ways (1/r³ for nearness,
 * and a correction along the gradient of at most √2 gray levels): its results are what people
 * compare with. Equal to it to a few gray levels, but for pixels within the radius of the image's
 * edge, where OpenCV repeats the edge and we leave out what is not there.
 */
import type { Fill } from './hole.js';
import { KNOWN, type March, marchInto } from './march.js';
import { disc, toByte } from './neighbourhood.js';

const RADIUS = 3;

const DISC = disc(RADIUS).map((offset) => ({
  ...offset,
  nearness: 1 / (offset.square * Math.sqrt(offset.square)),
}));

export const fillTelea: Fill = (plane, hole) => marchInto(plane, hole, RADIUS, paint);

function paint(cell: number, grid: March): number {
  const { stride, cells, distance, values } = grid;
  const slopeX = slopeOf(cell, 1, grid);
  const slopeY = slopeOf(cell, stride, grid);
  let total = 1e-20;
  let mean = 0;
  let driftX = 0;
  let driftY = 0;
  for (const { dx, dy, nearness } of DISC) {
    const other = cell + dy * stride + dx;
    if (cells[other] !== KNOWN) continue;
    const level = 1 / (1 + Math.abs(distance[other]! - distance[cell]!));
    const along = Math.abs(dx * slopeX + dy * slopeY);
    const weight = nearness * level * (along <= 0.01 ? 1e-6 : along);
    total += weight;
    mean += weight * values[other]!;
    driftX += weight * dx * gradientOf(other, 1, grid);
    driftY += weight * dy * gradientOf(other, stride, grid);
  }
  const drift = (driftX + driftY) / (Math.sqrt(driftX * driftX + driftY * driftY) + 1e-20);
  // OpenCV adds a half and then rounds; a half goes down here, so that an even image stays even.
  return toByte(mean / total + drift + 0.4999);
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
function gradientOf(cell: number, step: number, { cells, values }: March): number {
  const after = cells[cell + step] === KNOWN;
  const before = cells[cell - step] === KNOWN;
  if (after && before) return (values[cell + step]! - values[cell - step]!) * 2;
  if (after) return values[cell + step]! - values[cell]!;
  if (before) return values[cell]! - values[cell - step]!;
  return 0;
}
