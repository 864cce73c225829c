/**
 * Ordinary kriging (Matheron 1963): the linear estimate of least variance, where two pixels differ by
 * c · distance^α squared. The exponent α is fitted to train images; the factor c cancels out, but for
 * what rounding to 8 bits adds.
 *
 * Near 0 it continues values as the harmonic fill does, near 2 slopes as the biharmonic one does.
 */

import { solveDense } from '@pipe-experiment/kernels/wasm/fills.js';
import { power } from '@pipe-experiment/numerics/power.js';
import { type Fill, type Hole, meanOfKnown } from './hole.js';
import { withinKnown } from './smooth.js';

/** Half the mean squared difference of two pixels: factor · distance^exponent. */
export interface Variogram {
  readonly factor: number;
  readonly exponent: number;
}

/** Distances along rows and columns that the variogram is fitted to. */
const LAGS = [1, 2, 3, 4, 6, 8, 12, 16];
/** Between them the power law is a variogram. */
const EXPONENTS = [0.05, 1.95] as const;
/** Variance of what rounding to whole gray levels adds. */
const ROUNDING = 1 / 12;

/** Known pixels count up to this distance from the hole; beyond the rim every second row and column. */
const REACH = 10;
const RIM = 3;
/** Of the pixels that count, the nearest: equations cost the cube of their number. */
const MOST = 1500;

/**
 * A line through the logarithms of the mean differences, by least squares.
 *
 * @param images 8-bit, each [size, size, channels]
 */
export function fitVariogram(
  images: readonly Uint8Array[],
  size: number,
  channels: number,
): Variogram {
  const points = LAGS.filter((lag) => lag < size).map((lag) => ({
    x: Math.log(lag),
    y: Math.log(Math.max(semivariance(images, size, channels, lag), ROUNDING)),
  }));
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [x, y] = [mean(points.map((at) => at.x)), mean(points.map((at) => at.y))];
  const slope =
    mean(points.map((at) => (at.x - x) * (at.y - y))) / mean(points.map((at) => (at.x - x) ** 2));
  return {
    factor: Math.exp(y - slope * x),
    exponent: Math.min(EXPONENTS[1], Math.max(EXPONENTS[0], slope)),
  };
}

function semivariance(
  images: readonly Uint8Array[],
  size: number,
  channels: number,
  lag: number,
): number {
  let sum = 0;
  const [row, column] = [size * channels * lag, channels * lag];
  for (const image of images) {
    for (let i = row; i < image.length; i++) sum += (image[i]! - image[i - row]!) ** 2;
    for (let i = 0; i < image.length; i++) {
      if (i % (size * channels) >= column) sum += (image[i]! - image[i - column]!) ** 2;
    }
  }
  return sum / (4 * images.length * size * (size - lag) * channels);
}

/** The mean is unknown as well. What is estimated is kept within the range of the known pixels. Exact. */
export function fillByKriging(variogram: Variogram): Fill {
  return (plane, hole) => {
    const filled = Float64Array.from(plane);
    if (hole.pixels.length === plane.length) return filled.fill(meanOfKnown(plane, hole));
    const { width, height, pixels } = hole;
    const support = placesOf(supportOf(hole), width);
    const covariance = covarianceTable(variogram, width, height);
    const between = (a: Places, i: number, b: Places, j: number) =>
      covariance[Math.abs(a.y[i]! - b.y[j]!) * width + Math.abs(a.x[i]! - b.x[j]!)]!;
    const values = Float64Array.from(support.pixels, (pixel) => plane[pixel]!);
    const weights = dualWeights(values, (i, j) => between(support, i, support, j));
    const hidden = placesOf(pixels, width);
    for (let at = 0; at < pixels.length; at++) {
      let value = weights.mean;
      for (let i = 0; i < values.length; i++) {
        value += weights.of[i]! * between(hidden, at, support, i);
      }
      filled[pixels[at]!] = value;
    }
    return withinKnown(filled, plane, hole);
  };
}

interface Places {
  readonly pixels: Int32Array;
  readonly x: Int32Array;
  readonly y: Int32Array;
}

function placesOf(pixels: Int32Array, width: number): Places {
  return {
    pixels,
    x: pixels.map((pixel) => pixel % width),
    y: pixels.map((pixel) => Math.floor(pixel / width)),
  };
}

/** By rows and columns between two pixels. A constant is added, which makes the matrix positive definite. */
function covarianceTable({ factor, exponent }: Variogram, width: number, height: number) {
  const constant = 4 * factor * power(Math.hypot(width, height), exponent);
  return Float64Array.from({ length: width * height }, (_, i) => {
    const distance = Math.hypot(i % width, Math.floor(i / width));
    return constant - factor * power(distance, exponent);
  });
}

/** The mean, and what each known pixel adds to others: K⁻¹ (z − mean), with mean = 1ᵀK⁻¹z / 1ᵀK⁻¹1. */
function dualWeights(
  values: Float64Array,
  covarianceOf: (i: number, j: number) => number,
): { readonly mean: number; readonly of: Float64Array } {
  const ofValues = Float64Array.from(values);
  const ofOnes = new Float64Array(values.length).fill(1);
  const elementAt = (row: number, column: number) =>
    covarianceOf(row, column) + (row === column ? ROUNDING : 0);
  solveDense(values.length, elementAt, [ofValues, ofOnes]);
  const total = (all: Float64Array) => all.reduce((sum, value) => sum + value, 0);
  const mean = total(ofValues) / total(ofOnes);
  return { mean, of: ofValues.map((value, i) => value - mean * ofOnes[i]!) };
}

/** The known pixels that count, the nearest first. */
function supportOf({ width, height, mask, pixels }: Hole): Int32Array {
  const distance = new Uint8Array(mask.length);
  const found: number[] = [];
  let front: readonly number[] = [...pixels];
  for (let step = 1; step <= REACH; step++) {
    const next: number[] = [];
    for (const pixel of front) {
      forEachNeighbour(pixel, width, height, (near) => {
        if (mask[near] !== 0 || distance[near] !== 0) return;
        distance[near] = step;
        next.push(near);
      });
    }
    const counts = (pixel: number) =>
      step <= RIM || ((pixel % width) % 2 === 0 && Math.floor(pixel / width) % 2 === 0);
    found.push(...next.sort((a, b) => a - b).filter(counts));
    front = next;
  }
  return Int32Array.from(found.slice(0, MOST));
}

/** The eight around it that lie inside the image. */
function forEachNeighbour(
  pixel: number,
  width: number,
  height: number,
  visit: (near: number) => void,
): void {
  const [x, y] = [pixel % width, Math.floor(pixel / width)];
  for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
    for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) visit(v * width + u);
  }
}
