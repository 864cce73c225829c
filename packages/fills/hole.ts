/** What is to be filled: the occluded pixels of one image, and the separate pieces they form. */

export interface Hole {
  readonly width: number;
  readonly height: number;
  /** [height, width], 1 = occluded. */
  readonly mask: Uint8Array;
  /** The occluded pixels' indices, row by row. */
  readonly pixels: Int32Array;
  /** Pieces too far apart for any pixel of one to appear in an equation of another. */
  readonly pieces: readonly Piece[];
}

/** One piece of a hole and its bounding box. */
export interface Piece {
  readonly pixels: Int32Array;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A classical restoration of one plane.
 *
 * @param plane 8-bit [height, width]; what the mask covers is never looked at
 * @returns the plane with its hole filled, on the scale 0 … 255, not yet rounded
 */
export type Fill = (plane: Uint8Array, hole: Hole) => Float64Array;

export function createHole(mask: Uint8Array, width: number, height: number): Hole {
  const pixels: number[] = [];
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) pixels.push(i);
  const hole = { width, height, mask, pixels: Int32Array.from(pixels) };
  return { ...hole, pieces: findPieces(hole) };
}

/** The mean of the known pixels; mid-gray when there are none. */
export function meanOfKnown(plane: Uint8Array, { mask, pixels }: Hole): number {
  const known = mask.length - pixels.length;
  if (known === 0) return 127.5;
  let sum = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] === 0) sum += plane[i]!;
  return sum / known;
}

/** Flood fill; pixels up to two steps apart belong together, since the biharmonic equation reaches so far. */
function findPieces(hole: Omit<Hole, 'pieces'>): Piece[] {
  const left = hole.mask.slice();
  const pieces: Piece[] = [];
  for (const start of hole.pixels) {
    if (left[start] === 0) continue;
    left[start] = 0;
    const found = [start];
    for (let at = 0; at < found.length; at++) visitNear(found[at]!, hole, left, found);
    pieces.push(createPiece(Int32Array.from(found).sort(), hole.width));
  }
  return pieces;
}

function visitNear(
  pixel: number,
  { width, height }: Omit<Hole, 'pieces'>,
  left: Uint8Array,
  found: number[],
): void {
  const x = pixel % width;
  const y = (pixel - x) / width;
  for (let dy = -2; dy <= 2; dy++) {
    if (y + dy < 0 || y + dy >= height) continue;
    const reach = 2 - Math.abs(dy);
    for (let dx = -reach; dx <= reach; dx++) {
      const near = pixel + dy * width + dx;
      if (x + dx < 0 || x + dx >= width || left[near] === 0) continue;
      left[near] = 0;
      found.push(near);
    }
  }
}

function createPiece(pixels: Int32Array, imageWidth: number): Piece {
  let left = imageWidth;
  let right = 0;
  for (const pixel of pixels) {
    const x = pixel % imageWidth;
    left = Math.min(left, x);
    right = Math.max(right, x);
  }
  const top = Math.floor(pixels[0]! / imageWidth);
  const bottom = Math.floor(pixels.at(-1)! / imageWidth);
  return { pixels, left, top, width: right - left + 1, height: bottom - top + 1 };
}
