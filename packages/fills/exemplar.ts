/**
 * Exemplar-based filling (Criminisi, Pérez and Toyama 2004): patches of the known part are copied over the
 * rim, those first that lie where edges run into the hole. It gives texture where smooth fills give none.
 */

import { RADIUS, searchPatches } from '@pipe-experiment/kernels/wasm/fills.js';
import type { Fill, Hole } from './hole.js';
import { fillHarmonic } from './smooth.js';

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
  /** How strong the edge is that runs through a known pixel. */
  readonly edges: Float64Array;
  /** Of pixels of the rim; NaN where something near has changed since. */
  readonly priority: Float64Array;
}

export const fillExemplar: Fill = (plane, hole) => {
  const sources = sourcesOf(hole);
  // Nothing to copy from: the holes leave no whole patch.
  if (sources.length === 0) return fillHarmonic(plane, hole);
  const search = searchPatches(plane, hole.width, sources);
  const state: State = {
    width: hole.width,
    height: hole.height,
    values: search.values,
    open: hole.mask.slice(),
    confidence: Float64Array.from(hole.mask, (hidden) => (hidden === 0 ? 1 : 0)),
    edges: new Float64Array(plane.length),
    priority: new Float64Array(plane.length).fill(Number.NaN),
  };
  measureEdges(state, { left: 0, top: 0, right: hole.width, bottom: hole.height });
  const isSource = new Uint8Array(plane.length);
  for (const source of sources) isSource[source] = 1;
  let shift = 0; // from the last target to its source: neighbours are often copied from neighbours
  for (;;) {
    const pixel = mostUrgent(state, hole);
    if (pixel === undefined) return Float64Array.from(state.values);
    const guess = isSource[pixel + shift] === 1 ? pixel + shift : sources[0]!;
    const source = search.nearest(pixel, state.open, guess);
    copyPatch(state, pixel, source);
    shift = source - pixel;
  }
};

/** Centres of the patches that were wholly known from the start. */
function sourcesOf({ width, height, mask }: Hole): Int32Array {
  const centres: number[] = [];
  const hidden = new Uint8Array(mask.length); // in a column of SIDE pixels
  for (let at = RADIUS * width; at < (height - RADIUS) * width; at++) {
    for (let d = -RADIUS; d <= RADIUS; d++) hidden[at]! |= mask[at + d * width]!;
  }
  for (let y = RADIUS; y < height - RADIUS; y++) {
    for (let at = y * width, known = 0; at < (y + 1) * width; at++) {
      known = hidden[at] === 0 ? known + 1 : 0; // in a row that ends here
      if (known >= SIDE) centres.push(at - RADIUS);
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
  const { left, top, right, bottom } = patchOf(width, height, pixel);
  let sum = 0;
  for (let y = top; y < bottom; y++) {
    for (let at = y * width + left; at < y * width + right; at++) sum += confidence[at]!;
  }
  return sum / ((right - left) * (bottom - top));
}

/** Along the strongest edge in the patch round a pixel, as long as it is strong. */
function strongestEdge(state: State, pixel: number): readonly [number, number] {
  const { width, height, edges } = state;
  const { left, top, right, bottom } = patchOf(width, height, pixel);
  let strongest = 0;
  let place = -1;
  for (let y = top; y < bottom; y++) {
    for (let at = y * width + left; at < y * width + right; at++) {
      const strength = edges[at]!;
      if (strength <= strongest) continue;
      strongest = strength;
      place = at;
    }
  }
  if (place < 0) return [0, 0];
  const { values } = state;
  return [
    -(values[place + width]! - values[place - width]!) / 2,
    (values[place + 1]! - values[place - 1]!) / 2,
  ];
}

/** Squares of central differences; 0 at pixels that are open, or have a neighbour that is missing or open. */
function measureEdges({ width, height, values, open, edges }: State, area: Area): void {
  for (let y = Math.max(1, area.top); y < Math.min(height - 1, area.bottom); y++) {
    const end = y * width + Math.min(width - 1, area.right);
    for (let at = y * width + Math.max(1, area.left); at < end; at++) {
      if (open[at] || open[at - 1] || open[at + 1] || open[at - width] || open[at + width])
        continue;
      const gx = (values[at + 1]! - values[at - 1]!) / 2;
      const gy = (values[at + width]! - values[at - width]!) / 2;
      edges[at] = gx * gx + gy * gy;
    }
  }
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

function copyPatch(state: State, pixel: number, source: number): void {
  const { width, height, values, open, priority } = state;
  const confidence = meanConfidence(state, pixel);
  const { left, top, right, bottom } = patchOf(width, height, pixel);
  for (let y = top; y < bottom; y++) {
    for (let at = y * width + left; at < y * width + right; at++) {
      if (open[at] === 0) continue;
      values[at] = values[source + at - pixel]!;
      open[at] = 0;
      state.confidence[at] = confidence;
    }
  }
  measureEdges(state, { left: left - 1, top: top - 1, right: right + 1, bottom: bottom + 1 });
  // A priority looks at a patch and at the neighbours of its pixels.
  const changed = patchOf(width, height, pixel, SIDE);
  for (let y = changed.top; y < changed.bottom; y++) {
    priority.fill(Number.NaN, y * width + changed.left, y * width + changed.right);
  }
}

/** Within the image; `right` and `bottom` are beyond it. */
interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

function patchOf(width: number, height: number, centre: number, radius = RADIUS): Area {
  const x = centre % width;
  const y = (centre - x) / width;
  return {
    left: Math.max(0, x - radius),
    top: Math.max(0, y - radius),
    right: Math.min(width, x + radius + 1),
    bottom: Math.min(height, y + radius + 1),
  };
}
