/** Sums over all axes but the last on the WASM backend, written over its heap: its own are 3 times slower. */
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { fillOutput } from './heap.js';
import type { Call } from './override.js';

/**
 * Sum over all axes but the last, such as a bias's gradient: [n, h, w, c] → [c]. Added in double
 * precision, row after row. Leaves other axes to the backend.
 */
export function channelSum({ inputs, attributes, backend }: Call): TensorInfo | undefined {
  const x = inputs.x!;
  const { rank, shape, dtype } = x;
  const axes = util.parseAxisParam(attributes.axis as number[], shape);
  if (rank < 2 || dtype !== 'float32' || attributes.keepDims) return undefined;
  if (axes.length !== rank - 1 || axes.includes(rank - 1)) return undefined;
  const channels = shape[rank - 1]!;
  if (channels === 1) return undefined;
  return fillOutput(backend, [channels], [x], (out, values) => addRows(values!, channels, out));
}

/** Four columns at a time: as many running sums as stay in registers. */
function addRows(x: Float32Array, columns: number, sums: Float32Array): void {
  const whole = columns - (columns % 4);
  for (let column = 0; column < whole; column += 4) {
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = column; i < x.length; i += columns) {
      a += x[i]!;
      b += x[i + 1]!;
      c += x[i + 2]!;
      d += x[i + 3]!;
    }
    sums[column] = a;
    sums[column + 1] = b;
    sums[column + 2] = c;
    sums[column + 3] = d;
  }
  for (let column = whole; column < columns; column++) {
    let sum = 0;
    for (let i = column; i < x.length; i += columns) sum += x[i]!;
    sums[column] = sum;
  }
}
