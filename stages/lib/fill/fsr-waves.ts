/** The waves that model the surroundings of one block: the inner loop of frequency selective reconstruction. */
import { createSquareTransform } from './fft.js';

/** Side of the window that is modelled. */
export const WINDOW = 32;
/** Columns of the spectrum that are kept: the image is real, so the others mirror them. */
const COLUMNS = WINDOW / 2 + 1;
const MIDDLE = WINDOW / 2;
const TILED = 2 * WINDOW;

/** Waves that are picked: as many as the deviation asks for, within these bounds. A wave and its conjugate are two. */
const FEWEST = 20;
const MOST = 100;
const WAVES_PER_DEVIATION = 1000;
/** Waves are not orthogonal under the weights, so only this share of each is taken at once. */
const SHARE = 0.5;
/** Waves whose errors differ by less than this are alike; the first one is taken. */
const ALIKE = 0.001;

const fourier = createSquareTransform(WINDOW);
const cosine = Float64Array.from({ length: WINDOW }, (_, i) =>
  Math.cos((2 * Math.PI * i) / WINDOW),
);
const sine = Float64Array.from({ length: WINDOW }, (_, i) => Math.sin((2 * Math.PI * i) / WINDOW));
const preference = lowFrequenciesFirst();

// Every block overwrites these.
const re = new Float64Array(WINDOW * WINDOW);
const im = new Float64Array(WINDOW * WINDOW);
const weightRe = new Float64Array(TILED * TILED);
const weightIm = new Float64Array(TILED * TILED);
const errorRe = new Float64Array(WINDOW * COLUMNS);
const errorIm = new Float64Array(WINDOW * COLUMNS);

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
    return decay ** Math.sqrt(dx * dx + dy * dy);
  });
  falloffs.set(decay, weights);
  return weights;
}

export interface Trusted {
  readonly width: number;
  readonly values: Float64Array;
  readonly trust: Float64Array;
}

/** The model's value at a pixel of the image. */
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
  transformWeighted(image, around, decay, offsetX, offsetY);
  const asked = Math.round(WAVES_PER_DEVIATION * spread);
  const wanted = Math.min(MOST, Math.max(FEWEST, asked));
  const amplitudes = pickWaves(wanted);
  return (x, y) => valueAt(amplitudes, x + offsetX, y + offsetY);
}

/** Transforms the weights and the weighted image at once: one as real part, the other as imaginary part. */
function transformWeighted(
  { width, values, trust }: Trusted,
  { left, top, right, bottom }: Surroundings,
  decay: number,
  offsetX: number,
  offsetY: number,
): void {
  re.fill(0);
  im.fill(0);
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
      re[to] = weight;
      im[to] = weight * values[from]!;
    }
  }
  fourier.transform(re, im);
  separate();
}

/** The two spectra by their symmetry: a real signal's is conjugate to itself. The weights' is tiled. */
function separate(): void {
  for (let y = 0; y < WINDOW; y++) {
    for (let x = 0; x < WINDOW; x++) {
      const at = y * WINDOW + x;
      const mirrored = ((WINDOW - y) % WINDOW) * WINDOW + ((WINDOW - x) % WINDOW);
      const wr = (re[at]! + re[mirrored]!) / 2;
      const wi = (im[at]! - im[mirrored]!) / 2;
      for (const tile of [0, WINDOW, WINDOW * TILED, WINDOW * TILED + WINDOW]) {
        weightRe[y * TILED + x + tile] = wr;
        weightIm[y * TILED + x + tile] = wi;
      }
      if (x >= COLUMNS) continue;
      errorRe[y * COLUMNS + x] = (im[at]! + im[mirrored]!) / 2;
      errorIm[y * COLUMNS + x] = (re[mirrored]! - re[at]!) / 2;
    }
  }
}

/** Real and imaginary amplitudes of the waves by their place in the spectrum. */
type Amplitudes = ReadonlyMap<number, readonly [re: number, im: number]>;

function pickWaves(wanted: number): Amplitudes {
  const amplitudes = new Map<number, [number, number]>();
  const total = weightRe[0]!;
  let at = largestError();
  for (let count = 0; count < wanted; ) {
    at = upperHalf(at);
    const v = at % COLUMNS;
    const u = (at - v) / COLUMNS;
    const cr = (SHARE * errorRe[at]!) / total;
    const ci = (SHARE * errorIm[at]!) / total;
    const alone = (u === 0 || u === MIDDLE) && (v === 0 || v === MIDDLE);
    const sum = amplitudes.get(at) ?? [0, 0];
    amplitudes.set(at, [sum[0] + (alone ? cr : 2 * cr), sum[1] + (alone ? ci : 2 * ci)]);
    at = alone ? subtractAlone(u, v, cr, ci) : subtractPair(u, v, cr, ci);
    count += alone ? 1 : 2;
  }
  return amplitudes;
}

/** In the first and the middle column each wave is there twice: the first of the two is taken. */
function upperHalf(at: number): number {
  const v = at % COLUMNS;
  const u = (at - v) / COLUMNS;
  if (u <= MIDDLE || (v !== 0 && v !== MIDDLE)) return at;
  const other = (WINDOW - u) * COLUMNS + v;
  errorRe[other] = errorRe[at]!;
  errorIm[other] = -errorIm[at]!;
  return other;
}

/** Place of the largest error, low frequencies preferred. */
function largestError(): number {
  let best = 0;
  let bound = -1;
  for (let at = 0; at < errorRe.length; at++) {
    const error = (errorRe[at]! ** 2 + errorIm[at]! ** 2) * preference[at]!;
    if (error > bound) {
      best = at;
      bound = (Math.sqrt(error) + ALIKE) ** 2;
    }
  }
  return best;
}

/** Takes a wave and its conjugate from the error; gives the place of the largest that is left. */
function subtractPair(u: number, v: number, cr: number, ci: number): number {
  // The engine does not know that these never change, unless they are the function's own.
  const [wr, wi, er, ei, wanted] = [weightRe, weightIm, errorRe, errorIm, preference];
  let best = 0;
  let bound = -1;
  for (let y = 0; y < WINDOW; y++) {
    const a = (WINDOW + y - u) * TILED + WINDOW - v;
    const b = (y + u) * TILED + v;
    const row = y * COLUMNS;
    for (let x = 0; x < COLUMNS; x++) {
      const ar = wr[a + x]!;
      const ai = wi[a + x]!;
      const br = wr[b + x]!;
      const bi = wi[b + x]!;
      const r = er[row + x]! - (cr * (ar + br) - ci * (ai - bi));
      const i = ei[row + x]! - (cr * (ai + bi) + ci * (ar - br));
      er[row + x] = r;
      ei[row + x] = i;
      const error = (r * r + i * i) * wanted[row + x]!;
      if (error > bound) {
        best = row + x;
        bound = (Math.sqrt(error) + ALIKE) ** 2;
      }
    }
  }
  return best;
}

/** The same of a wave that is its own conjugate. */
function subtractAlone(u: number, v: number, cr: number, ci: number): number {
  for (let y = 0, at = 0; y < WINDOW; y++) {
    let a = (WINDOW + y - u) * TILED + WINDOW - v;
    for (let x = 0; x < COLUMNS; x++, at++, a++) {
      errorRe[at]! -= cr * weightRe[a]! - ci * weightIm[a]!;
      errorIm[at]! -= cr * weightIm[a]! + ci * weightRe[a]!;
    }
  }
  return largestError();
}

function valueAt(amplitudes: Amplitudes, x: number, y: number): number {
  let sum = 0;
  for (const [at, [r, i]] of amplitudes) {
    const v = at % COLUMNS;
    const u = (at - v) / COLUMNS;
    const phase = (u * y + v * x) & (WINDOW - 1);
    sum += r * cosine[phase]! - i * sine[phase]!;
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
