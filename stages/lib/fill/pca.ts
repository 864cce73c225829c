/**
 * Restoration by principal components of the train images: the linear twin of an autoencoder.
 *
 * Probabilistic PCA (Tipping and Bishop 1999): the code of an image is its posterior mean given the
 * known pixels alone, so few known pixels pull it towards the mean image instead of to extremes.
 */
import { leadingEigen } from './eigen.js';
import { addTo, createSkyline, factorize, solve } from './skyline.js';

export interface Pca {
  readonly components: number;
  /** [length] */
  readonly mean: Float64Array;
  /** [length, components]: one row a pixel and channel; its columns are orthonormal. */
  readonly basis: Float64Array;
  /** Variance along each component, largest first. */
  readonly variance: Float64Array;
  /** Mean variance of what the components do not hold. */
  readonly residual: number;
}

/** @param images 8-bit [count, length], interleaved channels and all */
export function fitPca(images: Uint8Array, length: number, wanted: number): Pca {
  const count = images.length / length;
  const components = Math.min(wanted, count - 1, length - 1);
  const gram = centre(gramMatrix(images, count, length), count);
  let total = 0;
  for (let i = 0; i < count; i++) total += gram[i * count + i]! / count;
  const { values, vectors } = leadingEigen(gram, count, components);
  const variance = values.map((value) => Math.max(0, value / count));
  const held = variance.reduce((sum, value) => sum + value, 0);
  const mean = meanImage(images, count, length);
  return {
    components,
    mean,
    basis: spanBasis(images, mean, vectors, values),
    variance,
    residual: Math.max(0, total - held) / (length - components),
  };
}

/**
 * The image that the components give for what is known of it, known pixels included.
 *
 * @param image 8-bit [length]; @param mask [length / channels], 1 = occluded
 */
export function restorePca(
  pca: Pca,
  image: Uint8Array,
  mask: Uint8Array,
  channels: number,
): Float64Array {
  const { components: k, basis, mean, variance, residual } = pca;
  const code = new Float64Array(k);
  const hidden: number[] = [];
  for (let i = 0; i < image.length; i++) {
    if (mask[channels === 1 ? i : (i / channels) | 0] !== 0) {
      hidden.push(i);
      continue;
    }
    const value = image[i]! - mean[i]!;
    for (let c = 0, at = i * k; c < k; c++, at++) code[c]! += value * basis[at]!;
  }
  const system = createSkyline(new Int32Array(k)); // full: every row starts at column 0
  subtractProducts(system.values, basis, k, hidden);
  for (let i = 0; i < k; i++) {
    const prior = Math.max(variance[i]! - residual, 1e-9);
    addTo(system, i, i, 1 + residual / prior);
  }
  factorize(system);
  solve(system, code);
  const restored = new Float64Array(image.length);
  for (let i = 0, at = 0; i < image.length; i++) {
    let sum = mean[i]!;
    for (let c = 0; c < k; c++, at++) sum += basis[at]! * code[c]!;
    restored[i] = sum;
  }
  return restored;
}

/**
 * values -= Wᵀ·W over the hidden rows W of the basis, lower triangle. The basis is orthonormal, so
 * with 1 on the diagonal this is what the known rows give. Four rows at a time: fewer stores.
 */
function subtractProducts(
  values: Float64Array,
  basis: Float64Array,
  k: number,
  hidden: readonly number[],
): void {
  const padded = new Float64Array((hidden.length + 3) * k); // up to three rows of zeros at the end
  hidden.forEach((row, at) => {
    padded.set(basis.subarray(row * k, (row + 1) * k), at * k);
  });
  for (let row = 0; row < hidden.length; row += 4) {
    const r0 = row * k;
    const r1 = r0 + k;
    const r2 = r1 + k;
    const r3 = r2 + k;
    for (let a = 0, at = 0; a < k; a++) {
      const w0 = padded[r0 + a]!;
      const w1 = padded[r1 + a]!;
      const w2 = padded[r2 + a]!;
      const w3 = padded[r3 + a]!;
      for (let b = 0; b <= a; b++, at++) {
        values[at]! -=
          w0 * padded[r0 + b]! + w1 * padded[r1 + b]! + w2 * padded[r2 + b]! + w3 * padded[r3 + b]!;
      }
    }
  }
}

/** All inner products of the images, exact: sums of integers. Four at a time, so that loads are shared. */
function gramMatrix(images: Uint8Array, count: number, length: number): Float64Array {
  const gram = new Float64Array(count * count);
  const run = 16_384; // products of bytes over a run stay below 2³¹: integer arithmetic
  for (let a = 0; a < count; a++) {
    for (let b = 0; b <= a; b += 4) {
      const sums = [0, 0, 0, 0];
      for (let from = 0; from < length; from += run) {
        const to = Math.min(length, from + run);
        addProducts(images, length, a, b, from, to, sums);
      }
      for (let lane = 0; lane < 4 && b + lane <= a; lane++) {
        gram[a * count + b + lane] = gram[(b + lane) * count + a] = sums[lane]!;
      }
    }
  }
  return gram;
}

function addProducts(
  images: Uint8Array,
  length: number,
  a: number,
  b: number,
  from: number,
  to: number,
  sums: number[],
): void {
  const last = images.length / length - 1;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let p = a * length + from;
  let q0 = b * length + from;
  let q1 = Math.min(b + 1, last) * length + from;
  let q2 = Math.min(b + 2, last) * length + from;
  let q3 = Math.min(b + 3, last) * length + from;
  for (const end = a * length + to; p < end; p++, q0++, q1++, q2++, q3++) {
    const value = images[p]!;
    s0 = (s0 + value * images[q0]!) | 0;
    s1 = (s1 + value * images[q1]!) | 0;
    s2 = (s2 + value * images[q2]!) | 0;
    s3 = (s3 + value * images[q3]!) | 0;
  }
  sums[0]! += s0;
  sums[1]! += s1;
  sums[2]! += s2;
  sums[3]! += s3;
}

/** The inner products of the images less their mean. */
function centre(gram: Float64Array, count: number): Float64Array {
  const means = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) means[i]! += gram[i * count + j]! / count;
  }
  const grand = means.reduce((sum, mean) => sum + mean, 0) / count;
  return gram.map(
    (value, at) => value - means[Math.floor(at / count)]! - means[at % count]! + grand,
  );
}

function meanImage(images: Uint8Array, count: number, length: number): Float64Array {
  const mean = new Float64Array(length);
  for (let at = 0, i = 0; at < images.length; at++, i = i + 1 === length ? 0 : i + 1) {
    mean[i]! += images[at]!;
  }
  return mean.map((sum) => sum / count);
}

/** The components as combinations of the centred images, to unit length. */
function spanBasis(
  images: Uint8Array,
  mean: Float64Array,
  vectors: readonly Float64Array[],
  values: Float64Array,
): Float64Array {
  const k = vectors.length;
  const length = mean.length;
  const basis = new Float64Array(length * k);
  const weights = new Float64Array(k);
  for (let image = 0; image * length < images.length; image++) {
    for (let c = 0; c < k; c++) {
      weights[c] = values[c]! > 0 ? vectors[c]![image]! / Math.sqrt(values[c]!) : 0;
    }
    for (let i = 0, at = 0; i < length; i++) {
      const value = images[image * length + i]! - mean[i]!;
      for (let c = 0; c < k; c++, at++) basis[at]! += value * weights[c]!;
    }
  }
  return basis;
}
