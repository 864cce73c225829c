/** Sums and means on the WASM backend: added in double, where its own add in float32. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { computeOutput } from './compute.js';
import type { Call } from './override.js';

/**
 * The backend's own loses the digits of each value below the last one of the running sum: from
 * 2¹⁹ on, any value between 0.97 and 1 counts as 1.
 */
export function sum(call: Call): tf.TensorInfo {
  const { dtype } = call.inputs.x!;
  return reduce(call, dtype === 'bool' ? 'int32' : dtype, false);
}

/** The mean of no values is NaN. */
export function mean(call: Call): tf.TensorInfo {
  return reduce(call, 'float32', true);
}

/** Lengths of the axes before, among and behind those that are added up. */
type Blocks = readonly [outer: number, length: number, inner: number];

function reduce(
  { inputs, attributes, backend }: Call,
  dtype: tf.DataType,
  divide: boolean,
): tf.TensorInfo {
  const x = inputs.x!;
  const axes = tf.util.parseAxisParam(attributes.axis as number[], x.shape);
  const [kept, added] = tf.backend_util.computeOutAndReduceShapes(x.shape, axes);
  const count = tf.util.sizeFromShape(added);
  const shape = attributes.keepDims ? tf.backend_util.expandShapeToKeepDim(kept, axes) : kept;
  const neighbours = blocksOf(x.shape, axes);
  // The backend divides by zero where it transposes a tensor without values.
  const source = neighbours || x.size === 0 ? x : tf.transpose(x, innermost(axes, x.rank));
  const blocks: Blocks = neighbours ?? [tf.util.sizeFromShape(kept), count, 1];
  const divisor = divide ? count : 1;
  const out =
    x.dtype === 'float32'
      ? computeOutput(backend, shape, [source], 0, (kernels, ...pointers) => {
          kernels.sum(...pointers.slice(0, -1), ...blocks, divisor);
        })
      : addWhole(backend, source, blocks, divisor, backend.makeOutput(shape, dtype));
  if (source !== x) source.dispose();
  return out;
}

/** Undefined if kept axes lie between the others. Axes of length 1 do not count. */
function blocksOf(shape: readonly number[], axes: readonly number[]): Blocks | undefined {
  const long = axes.filter((axis) => shape[axis] !== 1);
  const first = Math.min(shape.length, ...long);
  const end = Math.max(first, ...long.map((axis) => axis + 1));
  const middle = shape.slice(first, end);
  if (middle.some((length, i) => length !== 1 && !long.includes(first + i))) return undefined;
  const size = tf.util.sizeFromShape;
  return [size(shape.slice(0, first)), size(middle), size(shape.slice(end))];
}

function innermost(axes: readonly number[], rank: number): number[] {
  return tf.backend_util.getAxesPermutation([...axes], rank)!;
}

/** Whole numbers and truths: their sums are exact in any order. */
function addWhole(
  backend: BackendWasm,
  source: tf.TensorInfo,
  [outer, length, inner]: Blocks,
  divisor: number,
  out: tf.TensorInfo,
): tf.TensorInfo {
  // Views are taken after the allocation: growing the heap would detach them.
  const [x, y] = [backend.typedArrayFromHeap(source), backend.typedArrayFromHeap(out)];
  for (let block = 0; block < outer; block++) {
    for (let column = 0; column < inner; column++) {
      const start = block * length * inner + column;
      let sum = 0;
      for (let row = 0; row < length; row++) sum += x[start + row * inner]!;
      y[block * inner + column] = sum / divisor;
    }
  }
  return out;
}
