/** The leading eigenvectors of a symmetric positive semidefinite matrix, by subspace iteration. */
import { createRandom } from '@pipe-experiment/data/random.js';

export interface Eigen {
  /** Largest first. */
  readonly values: Float64Array;
  /** One vector of length `size` for each value, orthonormal. */
  readonly vectors: readonly Float64Array[];
}

const MAX_ITERATIONS = 300;
/**
 * The iteration ends when no eigenvalue changes by more than this part of the largest one. The error of
 * a vector is then about the root of this.
 */
const TOLERANCE = 1e-13;

/**
 * Each iteration multiplies a block of vectors by the matrix and replaces it by its Ritz vectors.
 * The block has more vectors than requested, so that the last requested ones converge too.
 *
 * @param matrix [size, size], both triangles
 */
export function leadingEigen(matrix: Float64Array, size: number, count: number): Eigen {
  const wide = Math.min(size, count + Math.max(8, count >> 1));
  const random = createRandom('eigen', size, count);
  let block = orthonormalize(
    Array.from({ length: wide }, () => Float64Array.from({ length: size }, random.normal)),
  );
  let values: Float64Array = new Float64Array(wide);
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const image = multiply(matrix, block);
    const small = new Float64Array(wide * wide);
    for (let i = 0; i < wide; i++) {
      for (let j = 0; j <= i; j++) {
        small[i * wide + j] = small[j * wide + i] = dot(block[i]!, image[j]!);
      }
    }
    const ritz = jacobi(small, wide);
    block = orthonormalize(ritz.vectors.map((weights) => combine(image, weights)));
    const previous = values;
    values = ritz.values;
    const settled = values
      .subarray(0, count)
      .every((value, at) => Math.abs(value - previous[at]!) <= TOLERANCE * values[0]!);
    if (settled) break;
  }
  return { values: values.slice(0, count), vectors: block.slice(0, count) };
}

/** All eigenvectors of a small symmetric matrix by Jacobi's rotations; it is overwritten. */
function jacobi(matrix: Float64Array, size: number): Eigen {
  const turned = Array.from({ length: size }, (_, i) => {
    const unit = new Float64Array(size);
    unit[i] = 1;
    return unit;
  });
  for (let sweep = 0; sweep < 30 && offDiagonal(matrix, size) > 0; sweep++) {
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) rotate(matrix, turned, size, p, q);
    }
  }
  const order = Array.from({ length: size }, (_, i) => i).sort(
    (a, b) => matrix[b * size + b]! - matrix[a * size + a]!,
  );
  return {
    values: Float64Array.from(order, (i) => matrix[i * size + i]!),
    vectors: order.map((i) => turned[i]!),
  };
}

/** What is left off the diagonal, 0 when it no longer counts beside the diagonal. */
function offDiagonal(matrix: Float64Array, size: number): number {
  let off = 0;
  let on = 0;
  for (let i = 0; i < size; i++) {
    on += matrix[i * size + i]! ** 2;
    for (let j = 0; j < i; j++) off += matrix[i * size + j]! ** 2;
  }
  return off <= 1e-30 * on ? 0 : off;
}

/** The rotation in the plane (p, q) that makes element (p, q) vanish. */
function rotate(
  matrix: Float64Array,
  turned: readonly Float64Array[],
  size: number,
  p: number,
  q: number,
): void {
  const pq = matrix[p * size + q]!;
  if (pq === 0) return;
  const theta = (matrix[q * size + q]! - matrix[p * size + p]!) / (2 * pq);
  const tangent = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  for (let k = 0; k < size; k++) {
    const kp = matrix[k * size + p]!;
    const kq = matrix[k * size + q]!;
    matrix[k * size + p] = cosine * kp - sine * kq;
    matrix[k * size + q] = sine * kp + cosine * kq;
  }
  for (let k = 0; k < size; k++) {
    const pk = matrix[p * size + k]!;
    const qk = matrix[q * size + k]!;
    matrix[p * size + k] = cosine * pk - sine * qk;
    matrix[q * size + k] = sine * pk + cosine * qk;
  }
  const a = turned[p]!;
  const b = turned[q]!;
  for (let k = 0; k < size; k++) {
    const ak = a[k]!;
    const bk = b[k]!;
    a[k] = cosine * ak - sine * bk;
    b[k] = sine * ak + cosine * bk;
  }
}

/** Gram–Schmidt, twice each for accuracy; a vector that depends on the others becomes zero. */
function orthonormalize(vectors: readonly Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const vector of vectors) {
    const before = Math.sqrt(dot(vector, vector));
    for (let pass = 0; pass < 2; pass++) {
      for (const other of done) addScaled(vector, other, -dot(vector, other));
    }
    const length = Math.sqrt(dot(vector, vector));
    const scale = length > 1e-12 * before ? 1 / length : 0;
    done.push(vector.map((value) => value * scale));
  }
  return done;
}

/** The matrix times each vector; four at a time, so that each element is loaded once for them. */
function multiply(matrix: Float64Array, vectors: readonly Float64Array[]): Float64Array[] {
  const size = vectors[0]!.length;
  const products = vectors.map(() => new Float64Array(size));
  const nothing = new Float64Array(size);
  for (let first = 0; first < vectors.length; first += 4) {
    const [v0 = nothing, v1 = nothing, v2 = nothing, v3 = nothing] = vectors.slice(
      first,
      first + 4,
    );
    const lanes = products.slice(first, first + 4);
    for (let row = 0; row < size; row++) {
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      for (let i = row * size, k = 0; k < size; i++, k++) {
        const value = matrix[i]!;
        s0 += value * v0[k]!;
        s1 += value * v1[k]!;
        s2 += value * v2[k]!;
        s3 += value * v3[k]!;
      }
      const sums = [s0, s1, s2, s3];
      lanes.forEach((lane, at) => {
        lane[row] = sums[at]!;
      });
    }
  }
  return products;
}

function combine(vectors: readonly Float64Array[], weights: Float64Array): Float64Array {
  const total = new Float64Array(vectors[0]!.length);
  vectors.forEach((vector, at) => {
    addScaled(total, vector, weights[at]!);
  });
  return total;
}

function addScaled(target: Float64Array, source: Float64Array, scale: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += scale * source[i]!;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
