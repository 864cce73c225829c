/**
 * The Navier–Stokes fill (after Bertalmio, Bertozzi and Sapiro 2001) in the form that OpenCV made
 * of it: from the rim inwards, each pixel a mean of known ones, weighted so that values travel along
 * lines of equal brightness. At the image's edge it differs from OpenCV as Telea's fill does.
 */
import type { Fill } from './hole.js';
import { KNOWN, type March, marchInto } from './march.js';
import { disc, toByte } from './neighbourhood.js';

const DISC = disc(3);

export const fillNavierStokes: Fill = (plane, hole) => marchInto(plane, hole, 0, paint);

function paint(cell: number, grid: March): number {
  const { stride, cells, values } = grid;
  let total = 1e-20;
  let mean = 0;
  for (const { dx, dy, square } of DISC) {
    const other = cell + dy * stride + dx;
    if (cells[other] !== KNOWN) continue;
    // A quarter turn of the gradient's magnitudes: the direction in which brightness stays equal.
    const flowX = -roughness(other, stride, grid);
    const flowY = roughness(other, 1, grid);
    const along = Math.abs(dx * flowX + dy * flowY);
    const direction =
      along <= 0.01 ? 1e-6 : along / Math.sqrt(square * (flowX * flowX + flowY * flowY));
    const weight = direction / (square * square + 1);
    total += weight;
    mean += weight * values[other]!;
  }
  return toByte(mean / total);
}

/** The absolute differences to both sides along one axis, added; one side counts twice alone. */
function roughness(cell: number, step: number, { cells, values }: March): number {
  const after = cells[cell + step] === KNOWN;
  const before = cells[cell - step] === KNOWN;
  const here = values[cell]!;
  if (after && before) {
    return Math.abs(values[cell + step]! - here) + Math.abs(here - values[cell - step]!);
  }
  if (after) return Math.abs(values[cell + step]! - here) * 2;
  if (before) return Math.abs(here - values[cell - step]!) * 2;
  return 0;
}
