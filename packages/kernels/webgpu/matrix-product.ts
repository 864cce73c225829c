/** Products of two matrices, tiled; in slices of the inner dimension where the product is small. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { matrixOperand } from './operands.js';
import { addSlices, productShader } from './product.js';
import { int, runShader, type Shader, widthOf } from './program.js';
import { type Plan, type Product, planProduct } from './tile.js';

export interface Factor {
  readonly tensor: TensorInfo;
  /** Whether it is to be read turned. */
  readonly transposed: boolean;
}

/**
 * a [rows, inner] · b [inner, columns], each as it is after its transposition.
 *
 * @param choose gives the plan: tests put every tile to work on small matrices
 */
export function multiply(
  backend: WebGPUBackend,
  a: Factor,
  b: Factor,
  choose: (product: Product) => Plan = planProduct,
): TensorInfo {
  const [rows, inner] = sidesOf(a);
  const [, columns] = sidesOf(b);
  const sides = { rows, inner, columns };
  const plan = choose({ ...sides, innerFirst: !a.transposed });
  const shader = shaderOf(sides, plan, a.transposed, b.transposed);
  const partial = runShader(backend, shader, [a.tensor, b.tensor]);
  return addSlices(backend, partial, plan.slices, [rows, columns]);
}

function sidesOf({ tensor, transposed }: Factor): [number, number] {
  const [first = 0, second = 0] = tensor.shape;
  return transposed ? [second, first] : [first, second];
}

function shaderOf(
  sides: { rows: number; inner: number; columns: number },
  plan: Plan,
  transposeA: boolean,
  transposeB: boolean,
): Shader {
  const { rows, inner, columns } = sides;
  const widths = {
    a: widthOf(transposeA ? rows : inner),
    b: widthOf(transposeB ? inner : columns),
    // With the right matrix turned, sums that lie in one thread do not lie side by side.
    result: transposeB ? (1 as const) : widthOf(columns),
  };
  return productShader({
    name: `product ${transposeA ? 'Aᵀ' : 'A'}${transposeB ? 'Bᵀ' : 'B'}`,
    sides,
    plan,
    inputs: ['A', 'B'],
    widths: { inputs: [widths.a, widths.b], output: widths.result },
    outputShape: [plan.slices, rows, columns],
    uniforms: { rows: int(rows), inner: int(inner), columns: int(columns) },
    code: {
      a: matrixOperand({
        name: 'a',
        buffer: 'A',
        width: widths.a,
        innerFirst: !transposeA,
        inner: 'uniforms.inner',
        outer: 'uniforms.rows',
      }),
      b: matrixOperand({
        name: 'b',
        buffer: 'B',
        width: widths.b,
        innerFirst: transposeB,
        inner: 'uniforms.inner',
        outer: 'uniforms.columns',
      }),
      rowBegin: '(slice * uniforms.rows + row) * uniforms.columns',
      rows: 'uniforms.rows',
      columns: 'uniforms.columns',
    },
  });
}
