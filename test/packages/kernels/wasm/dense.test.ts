/** The dense solver, by what it solves. */

import { createRandom } from '@pipe-experiment/data/random.js';
import { solveDense } from '@pipe-experiment/kernels/wasm/fills.js';
import { describe, expect, it } from 'vitest';

/** M·Mᵀ + I for a random M. */
function randomMatrix(size: number): readonly Float64Array[] {
  const random = createRandom(size, 'dense');
  const rows = Array.from({ length: size }, () =>
    Float64Array.from({ length: size }, () => random.between(-1, 1)),
  );
  return rows.map((a, i) => Float64Array.from(rows, (b, j) => dot(a, b) + (i === j ? 1 : 0)));
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

describe('the dense solver', () => {
  it.each([1, 2, 3, 4, 5, 7, 8, 13, 50])('solves %i equations for several sides', (size) => {
    const matrix = randomMatrix(size);
    const solutions = [1, 2].map((seed) =>
      Float64Array.from({ length: size }, (_, i) => Math.sin(seed * (i + 1))),
    );
    const sides = solutions.map((x) => Float64Array.from(matrix, (row) => dot(row, x)));
    solveDense(size, (row, column) => matrix[row]![column]!, sides);
    sides.forEach((side, which) => {
      side.forEach((value, i) => {
        expect(value).toBeCloseTo(solutions[which]![i]!, 10);
      });
    });
  });

  it.each([0, 1, 2, 5, 9])('names the row at which a matrix is not positive definite: %i', (at) => {
    const element = (row: number, column: number) => (row !== column ? 0 : row === at ? -1 : 1);
    expect(() => solveDense(10, element, [])).toThrow(`row ${at} of 10`);
  });
});
