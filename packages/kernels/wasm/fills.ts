/** The inner loops of classical fills, compiled from native/fills.c. */
import binary from './fills.wasm';

/** Each gives where a table lies in memory, or computes; native/fills.c says what. */
interface FillsModule {
  readonly memory: WebAssembly.Memory;
  window_re(): number;
  window_im(): number;
  cosines(): number;
  sines(): number;
  preferences(): number;
  wave_places(): number;
  wave_re(): number;
  wave_im(): number;
  fit_waves(wanted: number): number;
  patch_pixels(): number;
  patch_known(): number;
  free_memory(): number;
  nearest_patch(
    image: number,
    width: number,
    sources: number,
    count: number,
    target: number,
    guess: number,
  ): number;
  image_products(images: number, length: number, first: number, products: number): void;
  factorize(matrix: number, size: number): number;
}

/** Bytes that are loaded at once: a row of a patch, or so many pixels. As many behind an image are read. */
const LINE = 16;
let compiled: WebAssembly.Module | undefined;

function instantiate(): FillsModule {
  compiled ??= new WebAssembly.Module(binary);
  return new WebAssembly.Instance(compiled).exports as unknown as FillsModule;
}

const PAGE = 65_536;

/** Where so many bytes are free, on a multiple of LINE. */
function reserve({ memory, free_memory }: FillsModule, bytes: number): number {
  const start = Math.ceil(free_memory() / LINE) * LINE;
  const missing = start + bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  return start;
}

/** Side of the window that `WaveFitter` models. */
export const WINDOW = 32;
/** Columns of a window's spectrum that waves are picked from: the image is real, so the others mirror them. */
export const COLUMNS = WINDOW / 2 + 1;
/** In memory each row of the spectrum has a column more, which is never picked. */
const ROW = COLUMNS + 1;
const MOST_WAVES = 128;

/** Models a window by waves, greedily: each pick is the wave that lowers the weighted error most. */
export interface WaveFitter {
  /** [WINDOW, WINDOW]: weights, and weighted values. To be written before each `fit`, which overwrites them. */
  readonly weights: Float64Array;
  readonly weighted: Float64Array;
  /**
   * Picks waves, a wave and its conjugate as two.
   *
   * @returns how many there are in `places` and `re` and `im`
   */
  fit(wanted: number): number;
  /** Of each wave its place in WINDOW rows of COLUMNS, and its amplitude. The next `fit` overwrites them. */
  readonly places: Int32Array;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** @param preference [WINDOW, COLUMNS]: factors of the squared errors that waves are picked by */
export function createWaveFitter(preference: Float64Array): WaveFitter {
  const module = instantiate();
  const numbers = (at: number, length: number) =>
    new Float64Array(module.memory.buffer, at, length);
  const angles = Array.from({ length: WINDOW / 2 }, (_, i) => (2 * Math.PI * i) / WINDOW);
  numbers(module.cosines(), angles.length).set(angles.map(Math.cos));
  numbers(module.sines(), angles.length).set(angles.map((angle) => -Math.sin(angle)));
  for (let y = 0; y < WINDOW; y++) {
    const row = preference.subarray(y * COLUMNS, (y + 1) * COLUMNS);
    numbers(module.preferences() + y * ROW * 8, COLUMNS).set(row);
  }
  return {
    weights: numbers(module.window_re(), WINDOW * WINDOW),
    weighted: numbers(module.window_im(), WINDOW * WINDOW),
    fit: (wanted) => module.fit_waves(Math.min(wanted, MOST_WAVES)),
    places: new Int32Array(module.memory.buffer, module.wave_places(), MOST_WAVES),
    re: numbers(module.wave_re(), MOST_WAVES),
    im: numbers(module.wave_im(), MOST_WAVES),
  };
}

/** A patch has 2 · RADIUS + 1 pixels a side. */
export const RADIUS = 4;
const SIDE = 2 * RADIUS + 1;

/** Searches an image for patches. */
export interface PatchSearch {
  /** The image, which may change from search to search. */
  readonly values: Uint8Array;
  /**
   * The source whose patch differs least, by the sum of squares, from what is known round the target; of
   * those alike the nearest, then the first.
   *
   * @param open of the image: 0 where a pixel is known
   * @param guess a source that is likely to be near the best: what is worse is then given up soon
   */
  nearest(target: number, open: Uint8Array, guess: number): number;
}

let patches: FillsModule | undefined;

/**
 * The memory is that of the search before, which ends with it.
 *
 * @param sources middles of the patches to choose from, all of them inside the image
 */
export function searchPatches(plane: Uint8Array, width: number, sources: Int32Array): PatchSearch {
  patches ??= instantiate();
  const module = patches;
  const list = reserve(module, sources.byteLength + plane.length + LINE);
  const image = list + sources.byteLength;
  const { buffer } = module.memory;
  new Int32Array(buffer, list, sources.length).set(sources);
  const values = new Uint8Array(buffer, image, plane.length);
  values.set(plane);
  const wanted = new Uint8Array(buffer, module.patch_pixels(), SIDE * LINE);
  const isKnown = new Uint8Array(buffer, module.patch_known(), SIDE * LINE);
  return {
    values,
    nearest(target, open, guess) {
      const [x, y] = [target % width, Math.floor(target / width)];
      for (let at = 0; at < SIDE * LINE; at++) {
        const [px, py] = [x + (at % LINE) - RADIUS, y + Math.floor(at / LINE) - RADIUS];
        const isInside = at % LINE < SIDE && px >= 0 && px < width && py >= 0;
        const pixel = py * width + px;
        const isGiven = isInside && pixel < open.length && open[pixel] === 0;
        isKnown[at] = isGiven ? 255 : 0;
        if (isGiven) wanted[at] = values[pixel]!;
      }
      return module.nearest_patch(image, width, list, sources.length, target, guess);
    },
  };
}

/** Images whose products with another are computed together. */
const TOGETHER = 4;

/**
 * All inner products of the images, exact: sums of integers.
 *
 * @param images 8-bit [count, length]
 * @returns [count, count]
 */
export function gramMatrix(images: Uint8Array, count: number, length: number): Float64Array {
  const module = instantiate(); // of its own, so that its memory is not kept
  const padded = Math.ceil(length / LINE) * LINE;
  const first = reserve(module, padded * (count + TOGETHER) + 8 * count);
  const row = first + padded * (count + TOGETHER);
  const { buffer } = module.memory;
  const bytes = new Uint8Array(buffer, first, padded * count);
  for (let i = 0; i < count; i++) {
    bytes.set(images.subarray(i * length, (i + 1) * length), i * padded);
  }
  const products = new Float64Array(buffer, row, count);
  const gram = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    module.image_products(first, padded, i, row);
    for (let j = 0; j <= i; j++) gram[i * count + j] = gram[j * count + i] = products[j]!;
  }
  return gram;
}

/** Rows that are factorized together. */
const ROWS = 4;
let equations: FillsModule | undefined;

/**
 * Solves A·x = b for a dense symmetric positive definite A by its Cholesky factor.
 *
 * @param elementAt an element of A in or below the diagonal
 * @param sides each b [size], replaced by its x
 * @throws RangeError when A is not positive definite
 */
export function solveDense(
  size: number,
  elementAt: (row: number, column: number) => number,
  sides: readonly Float64Array[],
): void {
  equations ??= instantiate();
  const padded = Math.ceil(size / ROWS) * ROWS;
  const start = reserve(equations, 8 * padded * padded);
  const matrix = new Float64Array(equations.memory.buffer, start, padded * padded);
  for (let row = 0; row < padded; row++) {
    const base = row * padded;
    for (let column = 0; column <= row; column++) {
      matrix[base + column] = row < size ? elementAt(row, column) : 0;
    }
    if (row >= size) matrix[base + row] = 1;
  }
  const failed = equations.factorize(start, padded);
  if (failed >= 0) {
    throw new RangeError(`row ${failed} of ${size}: the matrix is not positive definite`);
  }
  for (const side of sides) substitute(matrix, padded, side);
}

/** Solves L·Lᵀ·x = b in place. */
function substitute(factor: Float64Array, stride: number, side: Float64Array): void {
  for (let row = 0; row < side.length; row++) {
    let value = side[row]!;
    for (let column = 0; column < row; column++) {
      value -= factor[row * stride + column]! * side[column]!;
    }
    side[row] = value / factor[row * stride + row]!;
  }
  for (let row = side.length - 1; row >= 0; row--) {
    const value = side[row]! / factor[row * stride + row]!;
    side[row] = value;
    for (let column = 0; column < row; column++) {
      side[column]! -= factor[row * stride + column]! * value;
    }
  }
}
