/**
 * Frequency selective reconstruction (Seiler and Kaup 2010; Genser, Seiler, Schilling, Jaskolka and
 * Kaup 2017 and 2018), with the parameters of OpenCV's `INPAINT_FSR_FAST`.
 *
 * Blocks of the hole are extrapolated one after the other. A block's surroundings are modelled by a few
 * waves, picked greedily: each pick is the wave that lowers the weighted error most. Smooth surroundings
 * allow large blocks; the others are split.
 */
import { WINDOW } from '@pipe-experiment/kernels/wasm/fills.js';
import { blocksInOrder } from './fsr-order.js';
import { fitWaves, type Surroundings } from './fsr-waves.js';
import { type Fill, meanOfKnown } from './hole.js';

/** What changes with the size of the block. */
interface Level {
  readonly block: number;
  /** How fast the weight of a pixel falls with its distance. */
  readonly decay: number;
  /** A block with less deviation round it, as a share of 255, is not split. */
  readonly smooth: number;
}

const LEVELS: readonly Level[] = [
  { block: 16, decay: 0.8, smooth: 0.014 },
  { block: 8, decay: 0.7, smooth: 0.03 },
  { block: 4, decay: 0.66, smooth: Number.POSITIVE_INFINITY },
];

/** The weight of a pixel that was extrapolated before, where a known one has 1. */
const FILLED = 0.5;

/** The image while it is being filled. */
interface State {
  readonly width: number;
  readonly height: number;
  /** Pixels, black where nothing is known or filled yet. */
  readonly values: Float64Array;
  /** 1 known, `FILLED`, or 0. */
  readonly trust: Float64Array;
  /** As the image came, its hole black. */
  readonly original: Float64Array;
}

export const fillFsr: Fill = (plane, hole) => {
  const original = Float64Array.from(plane);
  if (hole.pixels.length === plane.length) return original.fill(meanOfKnown(plane, hole));
  for (const pixel of hole.pixels) original[pixel] = 0;
  const { width, height } = hole;
  const trust = Float64Array.from(hole.mask, (hidden) => (hidden === 0 ? 1 : 0));
  const state: State = { width, height, values: original.slice(), trust, original };
  for (const level of LEVELS) fillLevel(state, level);
  // A block that lies too far from anything known was passed over; it is nearer to it now.
  while (trust.includes(0)) fillLevel(state, LEVELS.at(-1)!);
  for (const pixel of hole.pixels) {
    state.values[pixel] = Math.min(255, Math.max(0, state.values[pixel]!));
  }
  return state.values;
};

function fillLevel(state: State, level: Level): void {
  const { block, smooth } = level;
  const last = block === LEVELS.at(-1)!.block;
  // Whole blocks alone, as in OpenCV; what is left at the margin waits for the smallest ones.
  const count = last ? Math.ceil : Math.floor;
  const columns = count(state.width / block);
  const rows = count(state.height / block);
  const open = new Uint8Array(columns * rows);
  const deviations = new Float64Array(columns * rows);
  const chosen = new Uint8Array(columns * rows);
  for (let at = 0; at < open.length; at++) {
    const [x, y] = [at % columns, Math.floor(at / columns)];
    if (!hasUnknown(state, x * block, y * block, block)) continue;
    open[at] = 1;
    if (last) {
      chosen[at] = 1;
      continue;
    }
    // OpenCV measures on the image as it came: pixels that were filled meanwhile count as black ones.
    deviations[at] = deviation(state, state.original, surroundingsOf(state, x, y, block));
    chosen[at] = deviations[at]! < smooth ? 1 : 0;
  }
  for (const at of blocksInOrder(open, chosen, columns, rows)) {
    fillBlock(state, level, at % columns, Math.floor(at / columns), deviations[at]!);
  }
}

function hasUnknown(
  { width, height, trust }: State,
  left: number,
  top: number,
  block: number,
): boolean {
  for (let y = top; y < Math.min(height, top + block); y++) {
    for (let x = left; x < Math.min(width, left + block); x++) {
      if (trust[y * width + x] === 0) return true;
    }
  }
  return false;
}

function surroundingsOf(
  { width, height }: State,
  x: number,
  y: number,
  block: number,
): Surroundings {
  const border = (WINDOW - block) / 2;
  return {
    left: Math.max(0, x * block - border),
    top: Math.max(0, y * block - border),
    right: Math.min(width, (x + 1) * block + border),
    bottom: Math.min(height, (y + 1) * block + border),
  };
}

/** Standard deviation of what is known or filled, as a share of 255; NaN where there is nothing. */
function deviation(
  { width, trust }: State,
  values: Float64Array,
  { left, top, right, bottom }: Surroundings,
): number {
  let [count, sum, squares] = [0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let i = y * width + left, end = y * width + right; i < end; i++) {
      if (trust[i] === 0) continue;
      count++;
      sum += values[i]!;
      squares += values[i]! * values[i]!;
    }
  }
  const mean = sum / count;
  return Math.sqrt(Math.max(0, squares / count - mean * mean)) / 255;
}

function fillBlock(
  state: State,
  { block, decay }: Level,
  x: number,
  y: number,
  measured: number,
): void {
  const around = surroundingsOf(state, x, y, block);
  const spread = measured || deviation(state, state.values, around);
  if (Number.isNaN(spread)) return; // nothing is known or filled so near
  const model = fitWaves(state, around, decay, spread);
  const right = Math.min(state.width, (x + 1) * block);
  const bottom = Math.min(state.height, (y + 1) * block);
  for (let py = y * block; py < bottom; py++) {
    for (let px = x * block; px < right; px++) {
      const at = py * state.width + px;
      if (state.trust[at] !== 0) continue;
      state.values[at] = model(px, py);
      state.trust[at] = FILLED;
    }
  }
}
