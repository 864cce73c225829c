/**
 * Restoration by principal components of the train images: the linear twin of an autoencoder.
 *
 * Probabilistic PCA (Tipping and Bishop 1999): the code of an image is its posterior mean given the
 * known pixels alone, so few known pixels pull it towards the mean image instead of to extremes.
 */
import { gramMatrix } from '@pipe-experiment/kernels/wasm/fills.js';
import { leadingEigen } from '@pipe-experiment/numerics/eigen.js';
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

/** Images with all their inner products: what components of any of them are fitted from. */
export interface Gram {
  /** 8-bit [count, length], interleaved channels and all. */
  readonly images: Uint8Array;
  readonly count: number;
  readonly length: number;
  /** [count, count] */
  readonly products: Float64Array;
}

/** @param images 8-bit [count, length], interleaved channels and all */
export function createGram(images: Uint8Array, length: number): Gram {
  const count = images.length / length;
  return { images, count, length, products: gramMatrix(images, count, length) };
}

/** @param images 8-bit [count, length], interleaved channels and all */
export function fitPca(images: Uint8Array, length: number, wanted: number): Pca {
  const gram = createGram(images, length);
  return fitPcaTo(
    gram,
    Int32Array.from({ length: gram.count }, (_, i) => i),
    wanted,
  );
}

/** The components of some of the images. */
export function fitPcaTo(gram: Gram, chosen: Int32Array, wanted: number): Pca {
  const { images, length } = gram;
  const count = chosen.length;
  const components = Math.min(wanted, count - 1, length - 1);
  const centred = centre(productsOf(gram, chosen), count);
  let total = 0;
  for (let i = 0; i < count; i++) total += centred[i * count + i]! / count;
  const { values, vectors } = leadingEigen(centred, count, components);
  const variance = values.map((value) => Math.max(0, value / count));
  const held = variance.reduce((sum, value) => sum + value, 0);
  const mean = meanImage(images, chosen, length);
  return {
    components,
    mean,
    basis: spanBasis(images, chosen, mean, vectors, values),
    variance,
    residual: Math.max(0, total - held) / (length - components),
  };
}

/** The same with the leading components alone. */
export function leadingPca(pca: Pca, wanted: number): Pca {
  const { components: k, mean, variance, residual } = pca;
  const components = Math.min(wanted, k);
  const length = mean.length;
  const basis = new Float64Array(length * components);
  for (let i = 0; i < length; i++) {
    for (let c = 0; c < components; c++) basis[i * components + c] = pca.basis[i * k + c]!;
  }
  const dropped = variance.subarray(components).reduce((sum, value) => sum + value, 0);
  return {
    components,
    mean,
    basis,
    variance: variance.slice(0, components),
    residual: (residual * (length - k) + dropped) / (length - components),
  };
}

/** What the known pixels say of an image. */
export interface Posterior {
  /** Mean of the code. */
  readonly code: Float64Array;
  /** Of the known pixels, up to a constant that no fit changes. */
  readonly logLikelihood: number;
}

/**
 * The code of an image, given the pixels that are known of it.
 *
 * @param image 8-bit [length]; @param mask [length / channels], 1 = occluded
 */
export function explain(
  pca: Pca,
  image: Uint8Array,
  mask: Uint8Array,
  channels: number,
): Posterior {
  const { components: k, basis, mean, variance } = pca;
  const noise = Math.max(pca.residual, 1e-9);
  const code = new Float64Array(k);
  const hidden: number[] = [];
  let squares = 0;
  for (let i = 0; i < image.length; i++) {
    if (mask[channels === 1 ? i : (i / channels) | 0] !== 0) {
      hidden.push(i);
      continue;
    }
    const value = image[i]! - mean[i]!;
    squares += value * value;
    for (let c = 0, at = i * k; c < k; c++, at++) code[c]! += value * basis[at]!;
  }
  const system = createSkyline(new Int32Array(k)); // full: every row starts at column 0
  subtractProducts(system.values, basis, k, hidden);
  let logDeterminant = (image.length - hidden.length) * Math.log(noise);
  for (let i = 0; i < k; i++) {
    const prior = Math.max(variance[i]! - noise, 1e-9);
    addTo(system, i, i, 1 + noise / prior);
    logDeterminant += Math.log(prior / noise);
  }
  factorize(system);
  for (let i = 0; i < k; i++)
    logDeterminant += 2 * Math.log(system.values[system.start[i + 1]! - 1]!);
  const projected = code.slice();
  solve(system, code);
  for (let i = 0; i < k; i++) squares -= projected[i]! * code[i]!;
  return { code, logLikelihood: -(logDeterminant + squares / noise) / 2 };
}

/** The image of a code. */
export function decode({ components: k, basis, mean }: Pca, code: Float64Array): Float64Array {
  const image = new Float64Array(mean.length);
  for (let i = 0, at = 0; i < image.length; i++) {
    let sum = mean[i]!;
    for (let c = 0; c < k; c++, at++) sum += basis[at]! * code[c]!;
    image[i] = sum;
  }
  return image;
}

/** The image that the components give for what is known of it, known pixels included. */
export function restorePca(
  pca: Pca,
  image: Uint8Array,
  mask: Uint8Array,
  channels: number,
): Float64Array {
  return decode(pca, explain(pca, image, mask, channels).code);
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

/** The inner products of some of the images. */
function productsOf({ products, count }: Gram, chosen: Int32Array): Float64Array {
  const size = chosen.length;
  const part = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = chosen[i]! * count;
    for (let j = 0; j < size; j++) part[i * size + j] = products[row + chosen[j]!]!;
  }
  return part;
}

/** The inner products of the images less their mean. */
function centre(gram: Float64Array, count: number): Float64Array {
  const means = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) means[i]! += gram[i * count + j]! / count;
  }
  const grand = means.reduce((sum, mean) => sum + mean, 0) / count;
  for (let i = 0, at = 0; i < count; i++) {
    for (let j = 0; j < count; j++, at++) gram[at]! += grand - means[i]! - means[j]!;
  }
  return gram;
}

function meanImage(images: Uint8Array, chosen: Int32Array, length: number): Float64Array {
  const mean = new Float64Array(length);
  for (const image of chosen) {
    for (let i = 0, at = image * length; i < length; i++, at++) mean[i]! += images[at]!;
  }
  return mean.map((sum) => sum / chosen.length);
}

/** The components as combinations of the centred images, to unit length. */
function spanBasis(
  images: Uint8Array,
  chosen: Int32Array,
  mean: Float64Array,
  vectors: readonly Float64Array[],
  values: Float64Array,
): Float64Array {
  const k = vectors.length;
  const length = mean.length;
  const basis = new Float64Array(length * k);
  const weights = new Float64Array(k);
  for (let row = 0; row < chosen.length; row++) {
    for (let c = 0; c < k; c++) {
      weights[c] = values[c]! > 0 ? vectors[c]![row]! / Math.sqrt(values[c]!) : 0;
    }
    const from = chosen[row]! * length;
    for (let i = 0, at = 0; i < length; i++) {
      const value = images[from + i]! - mean[i]!;
      for (let c = 0; c < k; c++, at++) basis[at]! += value * weights[c]!;
    }
  }
  return basis;
}
