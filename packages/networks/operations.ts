/** What a pass costs on any machine: the operations of its convolutions and matrix products. */
import * as tf from '@tensorflow/tfjs-core';
import { sizeOf } from './params.js';

type Shape = readonly number[];

/** A filter is [height, width, inputs, outputs]; every value on the side of the outputs meets all of it but the outputs. */
const filtered = (values: Shape, filter: Shape) =>
  (2 * sizeOf(values) * sizeOf(filter)) / filter.at(-1)!;
const product = ([a]: readonly Shape[], output: Shape) => 2 * sizeOf(a!) * output.at(-1)!;

/** Floating-point operations by the shapes of the inputs and of the output; a multiply-add is two. */
const OPERATIONS: Readonly<Record<string, (inputs: readonly Shape[], output: Shape) => number>> = {
  Conv2D: ([, filter], output) => filtered(output, filter!),
  // A transposed convolution.
  Conv2DBackpropInput: ([dy, filter]) => filtered(dy!, filter!),
  BatchMatMul: product,
  _FusedMatMul: product,
};

/** Floating-point operations of the convolutions and matrix products in `run`; all else costs little beside them. */
export async function countOperations(run: () => Promise<unknown>): Promise<number> {
  const { kernels } = await tf.profile(async () => {
    await run();
    return [];
  });
  return kernels.reduce(
    (sum, { name, inputShapes, outputShapes }) =>
      sum + (OPERATIONS[name]?.(inputShapes as Shape[], outputShapes[0] as Shape) ?? 0),
    0,
  );
}
