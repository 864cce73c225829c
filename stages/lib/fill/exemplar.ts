/**
 * Exemplar-based filling (Criminisi, Pérez and Toyama 2004): patches of the known part are copied over the
 * rim, those first that lie where edges run into the hole. It gives texture where smooth fills give none.
 */

import type { Fill, Hole } from './hole.js';
import { fillHarmonic } from './smooth.js';

/** A patch has 2 · RADIUS + 1 pixels a side. */
const RADIUS = 4;
const SIDE = 2 * RADIUS + 1;
/** So that a place without any edge has a priority too. */
const LEAST_EDGE = 0.001;

interface State {
  readonly width: number;
  readonly height: number;
  readonly values: Uint8Array;
  /** 1 where the hole is still open. */
  readonly open: Uint8Array;
  /** How much a pixel is to be trusted: 1 when known, less when filled. */
  readonly confidence: Float64Array;
  /** Of pixels of the rim; NaN where something near has changed since. */
  readonly priority: Float64Array;
}

export const fillExemplar: Fill = (plane, hole) => {
  const sources = sourcesOf(hole);
  // Nothing to copy from: the holes leave no whole patch.
  if (sources.length === 0) return fillHarmonic(plane, hole);
  const state: State = {
    width: hole.width,
    height: hole.height,
    values: plane.slice(),
    open: hole.mask.slice(),
    confidence: Float64Array.from(hole.mask, (hidden) => (hidden === 0 ? 1 : 0)),
    priority: new Float64Array(plane.length).fill(Number.NaN),
  };
  const isSource = new Set(sources);
  let shift = 0; // from the last target to its source: neighbours are often copied from neighbours
  for (;;) {
    const pixel = mostUrgent(state, hole);
    if (pixel === undefined) return Float64Array.from(state.values);
    const guess = isSource.has(pixel + shift) ? pixel + shift : sources[0]!;
    const source = bestSource(state, pixel, sources, guess);
    copyPatch(state, pixel, source);
    shift = source - pixel;
  }
};

/** Centres of the patches that were wholly known from the start. */
function sourcesOf({ width, height, mask }: Hole): Int32Array {
  const centres: number[] = [];
  for (let y = RADIUS; y < height - RADIUS; y++) {
    for (let x = RADIUS; x < width - RADIUS; x++) {
      let known = true;
      for (let dy = -RADIUS; dy <= RADIUS && known; dy++) {
        const row = (y + dy) * width + x;
        for (let at = row - RADIUS; at <= row + RADIUS; at++) if (mask[at] !== 0) known = false;
      }
      if (known) centres.push(y * width + x);
    }
  }
  return Int32Array.from(centres);
}

/** The pixel of the rim with the highest priority; the first of those that are alike. */
function mostUrgent(state: State, hole: Hole): number | undefined {
  const { open, priority } = state;
  let best: number | undefined;
  let highest = -1;
  for (const pixel of hole.pixels) {
    if (open[pixel] === 0 || !touchesKnown(state, pixel)) continue;
    if (Number.isNaN(priority[pixel]!)) priority[pixel] = priorityOf(state, pixel);
    if (priority[pixel]! <= highest) continue;
    highest = priority[pixel]!;
    best = pixel;
  }
  return best;
}

function priorityOf(state: State, pixel: number): number {
  const [nx, ny] = normalAt(state, pixel);
  const [ex, ey] = strongestEdge(state, pixel);
  const edge = Math.abs(ex * nx + ey * ny) / 255;
  return meanConfidence(state, pixel) * (edge + LEAST_EDGE);
}

function touchesKnown({ width, height, open }: State, pixel: number): boolean {
  const x = pixel % width;
  return (
    (x > 0 && open[pixel - 1] === 0) ||
    (x < width - 1 && open[pixel + 1] === 0) ||
    (pixel >= width && open[pixel - width] === 0) ||
    (pixel < width * (height - 1) && open[pixel + width] === 0)
  );
}

function meanConfidence({ width, height, confidence }: State, pixel: number): number {
  let [sum, count] = [0, 0];
  forEachInPatch(width, height, pixel, (at) => {
    sum += confidence[at]!;
    count++;
  });
  return sum / count;
}

/** Along the strongest edge in the patch round a pixel, as long as it is strong. */
function strongestEdge(state: State, pixel: number): readonly [number, number] {
  const { width, height, open } = state;
  let strongest = 0;
  let isophote: readonly [number, number] = [0, 0];
  forEachInPatch(width, height, pixel, (at) => {
    if (open[at] !== 0) return;
    const [gx, gy] = gradientAt(state, at);
    const strength = gx * gx + gy * gy;
    if (strength <= strongest) return;
    strongest = strength;
    isophote = [-gy, gx];
  });
  return isophote;
}

/** Central differences; none where a neighbour is missing or open. */
function gradientAt({ width, height, values, open }: State, at: number): readonly [number, number] {
  const x = at % width;
  if (x === 0 || x === width - 1 || at < width || at >= width * (height - 1)) return [0, 0];
  if (open[at - 1] || open[at + 1] || open[at - width] || open[at + width]) return [0, 0];
  return [(values[at + 1]! - values[at - 1]!) / 2, (values[at + width]! - values[at - width]!) / 2];
}

/** Unit vector across the rim; none where it has no direction. */
function normalAt({ width, height, open }: State, pixel: number): readonly [number, number] {
  const x = pixel % width;
  const y = (pixel - x) / width;
  const at = (px: number, py: number) =>
    px < 0 || py < 0 || px >= width || py >= height ? 0 : open[py * width + px]!;
  const nx = at(x + 1, y) - at(x - 1, y);
  const ny = at(x, y + 1) - at(x, y - 1);
  const length = Math.sqrt(nx * nx + ny * ny);
  return length === 0 ? [0, 0] : [nx / length, ny / length];
}

/**
 * The source that differs least where the target is known; of those alike, the nearest, then the first.
 *
 * @param guess a source that is likely to be near the best: what is worse is then given up soon
 */
function bestSource(state: State, target: number, sources: Int32Array, guess: number): number {
  const { width, values } = state;
  const offsets = knownOffsets(state, target);
  const wanted = Int32Array.from(offsets, (offset) => values[target + offset]!);
  const [tx, ty] = [target % width, Math.floor(target / width)];
  let best = guess;
  let least = difference(values, guess, offsets, wanted, Number.POSITIVE_INFINITY);
  let nearest = Number.POSITIVE_INFINITY;
  for (const source of sources) {
    const sum = difference(values, source, offsets, wanted, least);
    if (sum > least) continue;
    const sx = source % width;
    const away = (sx - tx) ** 2 + ((source - sx) / width - ty) ** 2;
    if (sum === least && away >= nearest) continue;
    least = sum;
    nearest = away;
    best = source;
  }
  return best;
}

/** Sum of squares; given up once it is above `most`. */
function difference(
  values: Uint8Array,
  source: number,
  offsets: Int32Array,
  wanted: Int32Array,
  most: number,
): number {
  let sum = 0;
  for (let i = 0; i < offsets.length && sum <= most; i++) {
    const gap = wanted[i]! - values[source + offsets[i]!]!;
    sum += gap * gap;
  }
  return sum;
}

/** Offsets of the patch's pixels that are known or filled. */
function knownOffsets({ width, height, open }: State, target: number): Int32Array {
  const offsets: number[] = [];
  forEachInPatch(width, height, target, (at) => {
    if (open[at] === 0) offsets.push(at - target);
  });
  return Int32Array.from(offsets);
}

function copyPatch(state: State, pixel: number, source: number): void {
  const { width, height, values, open, priority } = state;
  const confidence = meanConfidence(state, pixel);
  forEachInPatch(width, height, pixel, (at) => {
    if (open[at] === 0) return;
    values[at] = values[source + at - pixel]!;
    open[at] = 0;
    state.confidence[at] = confidence;
  });
  // A priority looks at a patch and at the neighbours of its pixels.
  const reach = 2 * RADIUS + 1;
  const x = pixel % width;
  const y = (pixel - x) / width;
  for (let py = Math.max(0, y - reach); py <= Math.min(height - 1, y + reach); py++) {
    const row = py * width;
    priority.fill(Number.NaN, row + Math.max(0, x - reach), row + Math.min(width, x + reach + 1));
  }
}

function forEachInPatch(
  width: number,
  height: number,
  centre: number,
  visit: (at: number) => void,
): void {
  const x = centre % width;
  const y = (centre - x) / width;
  for (let i = 0; i < SIDE * SIDE; i++) {
    const px = x + (i % SIDE) - RADIUS;
    const py = y + Math.floor(i / SIDE) - RADIUS;
    if (px >= 0 && py >= 0 && px < width && py < height) visit(py * width + px);
  }
}
