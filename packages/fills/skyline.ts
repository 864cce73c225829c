/**
 * Cholesky factors of a sparse symmetric positive definite matrix, stored by its skyline: each row
 * from its first non-zero to the diagonal. Elimination fills nothing outside the skyline.
 */

export interface Skyline {
  readonly size: number;
  /** The column of each row's first stored element. */
  readonly first: Int32Array;
  /** Where in `values` each row starts; one more entry than rows. */
  readonly start: Int32Array;
  readonly values: Float64Array;
}

/** An all-zero lower triangle whose row i spans the columns first[i] … i. */
export function createSkyline(first: Int32Array): Skyline {
  const size = first.length;
  const start = new Int32Array(size + 1);
  for (let row = 0; row < size; row++) start[row + 1] = start[row]! + row - first[row]! + 1;
  return { size, first, start, values: new Float64Array(start[size]!) };
}

/** Adds to element (row, column); the upper triangle is its mirror image and is not stored. */
export function addTo(matrix: Skyline, row: number, column: number, value: number): void {
  if (column > row) return;
  matrix.values[matrix.start[row]! + column - matrix.first[row]!]! += value;
}

/** Replaces A by L with A = L·Lᵀ. Rows are contiguous, so the inner loop is one dot product of two runs. */
export function factorize({ size, first, start, values }: Skyline): void {
  for (let row = 0; row < size; row++) {
    const rowFirst = first[row]!;
    const base = start[row]! - rowFirst;
    let diagonal = values[base + row]!;
    for (let column = rowFirst; column < row; column++) {
      const from = Math.max(rowFirst, first[column]!);
      const other = start[column]! - first[column]!;
      let sum = values[base + column]!;
      for (let a = base + from, b = other + from, end = base + column; a < end; a++, b++) {
        sum -= values[a]! * values[b]!;
      }
      const element = sum / values[other + column]!;
      values[base + column] = element;
      diagonal -= element * element;
    }
    if (!(diagonal > 0)) {
      throw new RangeError(`row ${row} of ${size}: the matrix is not positive definite`);
    }
    values[base + row] = Math.sqrt(diagonal);
  }
}

/** Solves L·Lᵀ·x = rhs in place. */
export function solve({ size, first, start, values }: Skyline, rhs: Float64Array): void {
  for (let row = 0; row < size; row++) {
    const base = start[row]! - first[row]!;
    let sum = rhs[row]!;
    for (let column = first[row]!; column < row; column++)
      sum -= values[base + column]! * rhs[column]!;
    rhs[row] = sum / values[base + row]!;
  }
  for (let row = size - 1; row >= 0; row--) {
    const base = start[row]! - first[row]!;
    const x = rhs[row]! / values[base + row]!;
    rhs[row] = x;
    for (let column = first[row]!; column < row; column++)
      rhs[column]! -= values[base + column]! * x;
  }
}
