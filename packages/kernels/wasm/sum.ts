/** Sums and means on the WASM backend, written over its heap: added in double, where its own add in float32. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
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

type Values = ReturnType<BackendWasm['typedArrayFromHeap']>;
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
  const out = backend.makeOutput(shape, dtype);
  // Views are taken after the allocation: growing the heap would detach them.
  addBlocks(
    backend.typedArrayFromHeap(source),
    neighbours ?? [tf.util.sizeFromShape(kept), count, 1],
    divide ? count : 1,
    backend.typedArrayFromHeap(out),
  );
  if (source !== x) source.dispose();
  return out;
}

/** Undefined where kept axes lie between the others; an axis of length 1 is no hindrance. */
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

function addBlocks(x: Values, [outer, length, inner]: Blocks, divisor: number, out: Values): void {
  for (let block = 0; block < outer; block++) {
    const start = block * length * inner;
    if (inner === 1) out[block] = addRun(x, start, start + length) / divisor;
    else addColumns(x, start, start + length * inner, inner, divisor, out, block * inner);
  }
}

/** Four sums at a time, since an addition waits for the one before it. */
function addRun(x: Values, start: number, end: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = start;
  for (; i + 3 < end; i += 4) {
    a += x[i]!;
    b += x[i + 1]!;
    c += x[i + 2]!;
    d += x[i + 3]!;
  }
  for (; i < end; i++) a += x[i]!;
  return a + b + (c + d);
}

/** Row after row, four columns at a time: as many running sums as stay in registers. */
function addColumns(
  x: Values,
  start: number,
  end: number,
  columns: number,
  divisor: number,
  out: Values,
  to: number,
): void {
  const whole = columns - (columns % 4);
  for (let column = 0; column < whole; column += 4) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = start + column; i < end; i += columns) {
      a += x[i]!;
      b += x[i + 1]!;
      c += x[i + 2]!;
      d += x[i + 3]!;
    }
    out[to + column] = a / divisor;
    out[to + column + 1] = b / divisor;
    out[to + column + 2] = c / divisor;
    out[to + column + 3] = d / divisor;
  }
  for (let column = whole; column < columns; column++) {
    let sum = 0;
    for (let i = start + column; i < end; i += columns) sum += x[i]!;
    out[to + column] = sum / divisor;
  }
}
