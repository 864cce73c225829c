/** The shapes of occlusion masks, drawn into a canvas of bytes: pure but for the canvas and the random stream. */
import type { Random } from '@pipe-experiment/data/random.js';

/** A square image's mask, row-major, one byte a pixel: 1 = occluded. */
export interface Canvas {
  readonly mask: Uint8Array;
  readonly size: number;
}

/**
 * The paper's squares. The corner is uniform over 0 … size−side−1 on each axis, as in the authors'
 * code: the last row and column are never occluded. Squares may overlap.
 */
export function drawSquares(canvas: Canvas, side: number, count: number, random: Random): void {
  for (let drawn = 0; drawn < count; drawn++) {
    const left = random.int(canvas.size - side);
    const top = random.int(canvas.size - side);
    fill(canvas, left, top, side, side);
  }
}

/** One rectangle inside the image; where the ratio does not fit it gives way, the area does not. */
export function drawRectangle(
  canvas: Canvas,
  share: number,
  ratio: readonly [number, number],
  random: Random,
): void {
  const { size } = canvas;
  const area = share * size * size;
  const shortest = Math.min(size, Math.ceil(area / size));
  const wished = Math.sqrt(area * drawRatio(ratio, random));
  const width = clamp(Math.round(wished), Math.max(1, shortest), size);
  const height = clamp(Math.round(area / width), 1, size);
  const left = random.int(size - width + 1);
  const top = random.int(size - height + 1);
  fill(canvas, left, top, width, height);
}

/** One ellipse at any angle, wholly inside the image; made rounder where it would not fit. */
export function drawEllipse(
  canvas: Canvas,
  share: number,
  ratio: readonly [number, number],
  random: Random,
): void {
  const { mask, size } = canvas;
  const mean = Math.sqrt(share / Math.PI) * size; // geometric mean of the semi-axes, pixels
  const most = size / 2 / mean; // the longer semi-axis is no longer than half the image
  const stretch = clamp(Math.sqrt(drawRatio(ratio, random)), 1 / most, most);
  const a = mean * stretch;
  const b = mean / stretch;
  const angle = random.between(0, Math.PI);
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  // Half of the bounding box, so that the centre can be drawn where all of the ellipse is inside.
  const halfWidth = Math.hypot(a * cos, b * sin);
  const halfHeight = Math.hypot(a * sin, b * cos);
  const x0 = random.between(halfWidth, Math.max(halfWidth, size - halfWidth));
  const y0 = random.between(halfHeight, Math.max(halfHeight, size - halfHeight));
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const dx = x + 0.5 - x0;
      const dy = y + 0.5 - y0;
      const u = (dx * cos + dy * sin) / a;
      const v = (dy * cos - dx * sin) / b;
      if (u * u + v * v <= 1) mask[y * size + x] = 1;
    }
  }
}

/**
 * Wandering strokes until exactly the wanted number of pixels is covered. A stroke starts anywhere,
 * turns a little at every pixel, is half to twice the image's side long, and ends at the edge.
 */
export function drawStrokes(
  canvas: Canvas,
  share: number,
  width: readonly [number, number],
  random: Random,
): void {
  const { size } = canvas;
  let wanted = Math.round(share * size * size);
  while (wanted > 0) {
    const radius = random.between(width[0], width[1]) / 2;
    const length = random.between(0.5 * size, 2 * size);
    let x = random.between(0, size);
    let y = random.between(0, size);
    let heading = random.between(0, 2 * Math.PI);
    for (let step = 0; step < length && wanted > 0; step++) {
      wanted -= stamp(canvas, x, y, radius, wanted);
      heading += 0.15 * random.normal();
      x += Math.cos(heading);
      y += Math.sin(heading);
      if (x < 0 || y < 0 || x > size || y > size) break;
    }
  }
}

/** Everything outside an inner square (a pixel off where the area asks for it), which lies anywhere in the middle half of its room. */
export function drawBorder(canvas: Canvas, share: number, random: Random): void {
  const { mask, size } = canvas;
  const width = Math.round(Math.sqrt(1 - share) * size);
  const height = Math.min(size, Math.round(((1 - share) * size * size) / width));
  const left = Math.round(random.between(0.25, 0.75) * (size - width));
  const top = Math.round(random.between(0.25, 0.75) * (size - height));
  mask.fill(1);
  fill(canvas, left, top, width, height, 0);
}

function drawRatio([min, max]: readonly [number, number], random: Random): number {
  return Math.exp(random.between(Math.log(min), Math.log(max)));
}

function fill(
  { mask, size }: Canvas,
  left: number,
  top: number,
  width: number,
  height: number,
  value = 1,
): void {
  for (let y = top; y < top + height; y++) {
    mask.fill(value, y * size + left, y * size + left + width);
  }
}

/** A disc around (x, y), of which at most `limit` new pixels are set; gives how many were. */
function stamp(
  { mask, size }: Canvas,
  x: number,
  y: number,
  radius: number,
  limit: number,
): number {
  const reach = Math.max(radius, Math.SQRT1_2); // at least the pixel under the brush
  let set = 0;
  for (let row = Math.max(0, Math.floor(y - reach)); row < Math.min(size, y + reach); row++) {
    for (let col = Math.max(0, Math.floor(x - reach)); col < Math.min(size, x + reach); col++) {
      const dx = col + 0.5 - x;
      const dy = row + 0.5 - y;
      const inside = dx * dx + dy * dy <= reach * reach;
      const index = row * size + col;
      if (inside && mask[index] === 0 && set < limit) {
        mask[index] = 1;
        set++;
      }
    }
  }
  return set;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
