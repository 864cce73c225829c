/**
 * Structural similarity (Wang et al. 2004) under the four definitions in use, in float64.
 *
 * A figure called "SSIM" means little without its definition: the same pair of images can score
 * 0.68 under one and 0.92 under another. Each is named here once, and everywhere by this name.
 */
import { filterRegion, gaussianTaps, type Region } from '@pipe-experiment/numerics/gaussian.js';
import { createIntegral, type Integral, integrate } from '@pipe-experiment/numerics/integral.js';

/**
 * - `wang`: Gaussian 11×11, σ 1.5, population covariance, windows wholly inside the image
 * - `skimage`: uniform 7×7, sample covariance (N − 1), windows wholly inside the image
 * - `uniform51`: uniform 51×51, else as `skimage`
 * - `global`: one window, the whole image, population covariance
 */
export type SsimName = 'wang' | 'skimage' | 'uniform51' | 'global';

export const SSIM_NAMES: readonly SsimName[] = ['wang', 'skimage', 'uniform51', 'global'];

const WINDOW: Readonly<Record<Exclude<SsimName, 'global'>, number>> = {
  wang: 11,
  skimage: 7,
  uniform51: 51,
};
const TAPS = gaussianTaps(WINDOW.wang, 1.5);
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/** What of an image can be computed once and compared with many others. */
export interface SsimReference {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** The definitions whose window fits into the image. */
  readonly names: readonly SsimName[];
  readonly own: Integral;
  readonly mean: Float64Array;
  readonly square: Float64Array;
  readonly scratch: Scratch;
}

/** Buffers that every comparison overwrites: allocating them costs as much as filling them. */
interface Scratch {
  readonly source: Float64Array;
  readonly rows: Float64Array;
  readonly mean: Float64Array;
  readonly square: Float64Array;
  readonly cross: Float64Array;
  readonly pair: Integral;
  /** Wang's similarity of the window round each pixel; NaN where no window has its centre. */
  readonly map: Float64Array;
}

/** The definitions that an image of this size allows: a window may not be larger than the image. */
export function ssimNamesFor(width: number, height: number): readonly SsimName[] {
  const side = Math.min(width, height);
  return SSIM_NAMES.filter((name) => name === 'global' || WINDOW[name] <= side);
}

export function createSsimScratch(width: number, height: number): Scratch {
  const plane = () => new Float64Array(width * height);
  return {
    source: plane(),
    rows: plane(),
    mean: plane(),
    square: plane(),
    cross: plane(),
    pair: createIntegral(width, height),
    map: plane(),
  };
}

/** Prepares one 8-bit plane [height, width]; the scratch may be shared by references of the same size. */
export function ssimReference(
  pixels: Uint8Array,
  width: number,
  height: number,
  scratch: Scratch = createSsimScratch(width, height),
): SsimReference {
  const names = ssimNamesFor(width, height);
  const own = createIntegral(width, height);
  integrate(own, pixels, pixels);
  const mean = new Float64Array(width * height);
  const square = new Float64Array(width * height);
  if (names.includes('wang')) {
    const all = { left: 0, top: 0, right: width - 10, bottom: height - 10 };
    const { source, rows } = scratch;
    source.set(pixels);
    filterRegion(source, width, TAPS, all, rows, mean);
    for (let i = 0; i < pixels.length; i++) source[i] = pixels[i]! * pixels[i]!;
    filterRegion(source, width, TAPS, all, rows, square);
  }
  return { pixels, width, height, names, own, mean, square, scratch };
}

/** The SSIM of `pixels` against the reference, under every definition that the size allows. */
export function compareSsim(
  reference: SsimReference,
  pixels: Uint8Array,
): Partial<Record<SsimName, number>> {
  const changed = changedRegion(reference, pixels);
  integrate(reference.scratch.pair, reference.pixels, pixels);
  const scores: Partial<Record<SsimName, number>> = {};
  for (const name of reference.names) {
    scores[name] =
      name === 'global'
        ? globalSsim(reference)
        : name === 'wang'
          ? wangSsim(reference, pixels, changed)
          : uniformSsim(reference, WINDOW[name], changed);
  }
  return scores;
}

/** The SSIM of two 8-bit planes under one definition. */
export function ssim(
  a: Uint8Array,
  b: Uint8Array,
  width: number,
  height: number,
  name: SsimName,
): number {
  const score = compareSsim(ssimReference(a, width, height), b)[name];
  if (score === undefined) {
    throw new RangeError(`SSIM "${name}": its window does not fit into ${width}×${height} pixels`);
  }
  return score;
}

/** Rectangle round the pixels in which the two differ. Windows that do not meet it score exactly 1. */
function changedRegion({ pixels: a, width, height }: SsimReference, b: Uint8Array): Region {
  let left = width;
  let right = 0;
  let top = height;
  let bottom = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (a[i] === b[i]) continue;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
      if (y < top) top = y;
      bottom = y + 1;
    }
  }
  return { left, top, right, bottom };
}

/** The windows of side `side` that meet the changed rectangle. */
function windowsMeeting(changed: Region, side: number, { width, height }: SsimReference): Region {
  return {
    left: Math.max(0, changed.left - side + 1),
    top: Math.max(0, changed.top - side + 1),
    right: Math.min(width - side + 1, changed.right),
    bottom: Math.min(height - side + 1, changed.bottom),
  };
}

/** Mean over all windows, of which those outside `region` count 1 each. */
function meanOverWindows(sum: number, region: Region, side: number, reference: SsimReference) {
  const all = (reference.width - side + 1) * (reference.height - side + 1);
  const met = (region.right - region.left) * (region.bottom - region.top);
  return (sum + (all - met)) / all;
}

function wangSsim(reference: SsimReference, pixels: Uint8Array, changed: Region): number {
  clearMap(reference);
  if (changed.right === 0) return 1;
  const region = windowsMeeting(changed, WINDOW.wang, reference);
  const { width, scratch } = reference;
  const centre = (WINDOW.wang >> 1) * (width + 1);
  gaussianMoments(reference, pixels, region);
  let sum = 0;
  for (let y = region.top; y < region.bottom; y++) {
    for (let i = y * width + region.left, end = y * width + region.right; i < end; i++) {
      const ma = reference.mean[i]!;
      const mb = scratch.mean[i]!;
      const va = reference.square[i]! - ma * ma;
      const vb = scratch.square[i]! - mb * mb;
      const value = similarity(ma, mb, va, vb, scratch.cross[i]! - ma * mb);
      scratch.map[i + centre] = value;
      sum += value;
    }
  }
  return meanOverWindows(sum, region, WINDOW.wang, reference);
}

/** As of equal images. */
function clearMap({ width, height, scratch: { map } }: SsimReference): void {
  const margin = WINDOW.wang >> 1;
  map.fill(Number.NaN);
  for (let y = margin; y < height - margin; y++) {
    map.fill(1, y * width + margin, (y + 1) * width - margin);
  }
}

/** Gaussian-weighted means of b, b² and a·b over the windows of `region`, into the scratch. */
function gaussianMoments(reference: SsimReference, pixels: Uint8Array, region: Region): void {
  const { width, scratch, pixels: own } = reference;
  const { source, rows } = scratch;
  const from = region.top * width;
  const to = (region.bottom + WINDOW.wang - 1) * width;
  for (let i = from; i < to; i++) source[i] = pixels[i]!;
  filterRegion(source, width, TAPS, region, rows, scratch.mean);
  for (let i = from; i < to; i++) source[i] = pixels[i]! * pixels[i]!;
  filterRegion(source, width, TAPS, region, rows, scratch.square);
  for (let i = from; i < to; i++) source[i] = pixels[i]! * own[i]!;
  filterRegion(source, width, TAPS, region, rows, scratch.cross);
}

function uniformSsim(reference: SsimReference, side: number, changed: Region): number {
  if (changed.right === 0) return 1;
  const region = windowsMeeting(changed, side, reference);
  const a = reference.own.sums;
  const b = reference.scratch.pair.sums;
  const stride = (reference.width + 1) * 3;
  const count = side * side;
  const sample = count / (count - 1);
  let sum = 0;
  for (let y = region.top; y < region.bottom; y++) {
    for (let x = region.left; x < region.right; x++) {
      const nw = y * stride + x * 3;
      const ne = nw + side * 3;
      const sw = nw + side * stride;
      const se = sw + side * 3;
      const ma = (a[se]! - a[sw]! - a[ne]! + a[nw]!) / count;
      const mb = (b[se]! - b[sw]! - b[ne]! + b[nw]!) / count;
      const aa = (a[se + 1]! - a[sw + 1]! - a[ne + 1]! + a[nw + 1]!) / count;
      const bb = (b[se + 1]! - b[sw + 1]! - b[ne + 1]! + b[nw + 1]!) / count;
      const ab = (b[se + 2]! - b[sw + 2]! - b[ne + 2]! + b[nw + 2]!) / count;
      sum += similarity(
        ma,
        mb,
        sample * (aa - ma * ma),
        sample * (bb - mb * mb),
        sample * (ab - ma * mb),
      );
    }
  }
  return meanOverWindows(sum, region, side, reference);
}

function globalSsim({ own, scratch, pixels }: SsimReference): number {
  const count = pixels.length;
  const last = own.sums.length - 3;
  const ma = own.sums[last]! / count;
  const mb = scratch.pair.sums[last]! / count;
  const va = own.sums[last + 1]! / count - ma * ma;
  const vb = scratch.pair.sums[last + 1]! / count - mb * mb;
  return similarity(ma, mb, va, vb, scratch.pair.sums[last + 2]! / count - ma * mb);
}

/** The formula, from means, variances and covariance of one window. */
function similarity(ma: number, mb: number, va: number, vb: number, cov: number): number {
  return ((2 * ma * mb + C1) * (2 * cov + C2)) / ((ma * ma + mb * mb + C1) * (va + vb + C2));
}
