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
  };
  for (;;) {
    const target = mostUrgent(state, hole);
    if (target === undefined) return Float64Array.from(state.values);
    copyPatch(state, target, bestSource(state, target.pixel, sources));
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

interface Target {
  readonly pixel: number;
  readonly confidence: number;
}

/** The pixel of the rim with the highest priority; the first of those that are alike. */
function mostUrgent(state: State, hole: Hole): Target | undefined {
  let best: Target | undefined;
  let highest = -1;
  for (const pixel of hole.pixels) {
    if (state.open[pixel] === 0 || !touchesKnown(state, pixel)) continue;
    const { confidence, isophote } = surroundings(state, pixel);
    const [nx, ny] = normalAt(state, pixel);
    const edge = Math.abs(isophote[0] * nx + isophote[1] * ny) / 255;
    const priority = confidence * (edge + LEAST_EDGE);
    if (priority <= highest) continue;
    highest = priority;
    best = { pixel, confidence };
  }
  return best;
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

/** Mean confidence of the patch round a pixel, and the direction of the strongest edge in it. */
function surroundings(state: State, pixel: number) {
  const { width, height, open, confidence } = state;
  const x = pixel % width;
  const y = (pixel - x) / width;
  let [sum, count, strongest] = [0, 0, 0];
  let isophote: readonly [number, number] = [0, 0];
  for (let py = Math.max(0, y - RADIUS); py <= Math.min(height - 1, y + RADIUS); py++) {
    for (let px = Math.max(0, x - RADIUS); px <= Math.min(width - 1, x + RADIUS); px++) {
      const at = py * width + px;
      sum += confidence[at]!;
      count++;
      if (open[at] !== 0) continue;
      const [gx, gy] = gradientAt(state, px, py);
      const strength = gx * gx + gy * gy;
      if (strength <= strongest) continue;
      strongest = strength;
      isophote = [-gy, gx];
    }
  }
  return { confidence: sum / count, isophote };
}

/** Central differences; none where a neighbour is missing or open. */
function gradientAt(
  { width, height, values, open }: State,
  x: number,
  y: number,
): readonly [number, number] {
  if (x === 0 || y === 0 || x === width - 1 || y === height - 1) return [0, 0];
  const at = y * width + x;
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

/** The source that differs least where the target is known; of those alike, the nearest, then the first. */
function bestSource(state: State, target: number, sources: Int32Array): number {
  const { width, values } = state;
  const offsets = knownOffsets(state, target);
  const [tx, ty] = [target % width, Math.floor(target / width)];
  let best = sources[0]!;
  let least = Number.POSITIVE_INFINITY;
  let nearest = Number.POSITIVE_INFINITY;
  for (const source of sources) {
    let sum = 0;
    for (let i = 0; i < offsets.length && sum <= least; i++) {
      const difference = values[target + offsets[i]!]! - values[source + offsets[i]!]!;
      sum += difference * difference;
    }
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

/** Offsets of the patch's pixels that are known or filled. */
function knownOffsets({ width, height, open }: State, target: number): Int32Array {
  const offsets: number[] = [];
  forEachInPatch(width, height, target, (at) => {
    if (open[at] === 0) offsets.push(at - target);
  });
  return Int32Array.from(offsets);
}

function copyPatch(state: State, { pixel, confidence }: Target, source: number): void {
  forEachInPatch(state.width, state.height, pixel, (at) => {
    if (state.open[at] === 0) return;
    state.values[at] = state.values[source + at - pixel]!;
    state.open[at] = 0;
    state.confidence[at] = confidence;
  });
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
