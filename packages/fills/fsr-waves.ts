/** The waves that model the surroundings of one block: frequency selective reconstruction of a window. */
import { COLUMNS, createWaveFitter, WINDOW } from '@pipe-experiment/kernels/wasm/fills.js';
import { power } from '@pipe-experiment/numerics/power.js';

const MIDDLE = WINDOW / 2;

/** Waves that are picked: as many as the deviation asks for, within these bounds. A wave and its conjugate are two. */
const FEWEST = 20;
const MOST = 100;
const WAVES_PER_DEVIATION = 1000;

const cosine = Float64Array.from({ length: WINDOW }, (_, i) =>
  Math.cos((2 * Math.PI * i) / WINDOW),
);
const sine = Float64Array.from({ length: WINDOW }, (_, i) => Math.sin((2 * Math.PI * i) / WINDOW));
const fitter = createWaveFitter(lowFrequenciesFirst());

/** A block and what lies round it, as far as the window goes. */
export interface Surroundings {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Weights by the distance from the middle of the window, for each rate of decay. */
const falloffs = new Map<number, Float64Array>();

function fallingOff(decay: number): Float64Array {
  const weights = Float64Array.from({ length: WINDOW * WINDOW }, (_, at) => {
    const dx = (at % WINDOW) + 0.5 - MIDDLE;
    const dy = Math.floor(at / WINDOW) + 0.5 - MIDDLE;
    return power(decay, Math.sqrt(dx * dx + dy * dy));
  });
  falloffs.set(decay, weights);
  return weights;
}

export interface Trusted {
  readonly width: number;
  readonly values: Float64Array;
  readonly trust: Float64Array;
}

/** The model's value at a pixel of the image, until the next window is fitted. */
export type Model = (x: number, y: number) => number;

/** @param spread the deviation of what is known, as a share of 255 */
export function fitWaves(
  image: Trusted,
  around: Surroundings,
  decay: number,
  spread: number,
): Model {
  const { left, top, right, bottom } = around;
  const offsetX = Math.floor((WINDOW - (right - left)) / 2) - left;
  const offsetY = Math.floor((WINDOW - (bottom - top)) / 2) - top;
  weigh(image, around, decay, offsetX, offsetY);
  const asked = Math.round(WAVES_PER_DEVIATION * spread);
  const count = fitter.fit(Math.min(MOST, Math.max(FEWEST, asked)));
  return (x, y) => valueAt(count, x + offsetX, y + offsetY);
}

/** Writes the window. */
function weigh(
  { width, values, trust }: Trusted,
  { left, top, right, bottom }: Surroundings,
  decay: number,
  offsetX: number,
  offsetY: number,
): void {
  const { weights, weighted } = fitter;
  weights.fill(0);
  weighted.fill(0);
  const middleX = offsetX + left + ((right - left) >> 1) - MIDDLE;
  const middleY = offsetY + top + ((bottom - top) >> 1) - MIDDLE;
  const falloff = falloffs.get(decay) ?? fallingOff(decay);
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const from = y * width + x;
      if (trust[from] === 0) continue;
      const weight =
        trust[from]! * falloff[(y + offsetY - middleY) * WINDOW + x + offsetX - middleX]!;
      const to = (y + offsetY) * WINDOW + x + offsetX;
      weights[to] = weight;
      weighted[to] = weight * values[from]!;
    }
  }
}

function valueAt(count: number, x: number, y: number): number {
  const { places, re, im } = fitter;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const v = places[i]! % COLUMNS;
    const u = (places[i]! - v) / COLUMNS;
    const phase = (u * y + v * x) & (WINDOW - 1);
    sum += re[i]! * cosine[phase]! - im[i]! * sine[phase]!;
  }
  return sum;
}

/** Squares of the factors that errors are compared by. */
function lowFrequenciesFirst(): Float64Array {
  return Float64Array.from({ length: WINDOW * COLUMNS }, (_, at) => {
    const x = at % COLUMNS;
    const y = MIDDLE - Math.abs(Math.floor(at / COLUMNS) - MIDDLE);
    return (1 - (Math.SQRT2 * Math.sqrt(x * x + y * y)) / WINDOW) ** 2;
  });
}
