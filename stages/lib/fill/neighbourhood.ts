/** The pixels round a marching cell: what Telea's and the Navier–Stokes fill take their means over. */
import type { March } from './march.js';

export interface Offset {
  readonly dx: number;
  readonly dy: number;
}

/** Offsets within the radius, the centre left out. */
export function disc(radius: number): readonly Offset[] {
  const offsets: Offset[] = [];
  for (let dy = -radius; dy <= radius; dy++) {
    for (let dx = -radius; dx <= radius; dx++) {
      const square = dx * dx + dy * dy;
      if (square > 0 && square <= radius * radius) offsets.push({ dx, dy });
    }
  }
  return offsets;
}

/** The pixel of a cell: the grid has a margin of one. */
export function pixelOf(cell: number, { stride }: March, width: number): number {
  const x = (cell % stride) - 1;
  return (Math.floor(cell / stride) - 1) * width + x;
}

/** To 8 bits, as the pixels that are painted next read it. */
export function toByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}

/** Does a step of dx cells leave the row and come in at its other end? */
export function leavesRow(cell: number, dx: number, stride: number): boolean {
  const x = (cell % stride) + dx;
  return x < 1 || x > stride - 2;
}
