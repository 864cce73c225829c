/** Matrix products with a transposed factor on the WASM backend: its own are 10 to 30 times slower. */
import * as tf from '@tensorflow/tfjs-core';
import type { Attributes, Tensors } from './override.js';

/** Transposes first, then multiplies. Leaves plain and batched products to the backend. */
export function matMul(
  { a, b }: Tensors,
  { transposeA, transposeB }: Attributes,
): tf.Tensor | undefined {
  if (!transposeA && !transposeB) return undefined;
  return tf.matMul(transposeA ? swap(a!) : a!, transposeB ? swap(b!) : b!);
}

function swap(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, i) => i);
  const [last, before] = [axes.pop()!, axes.pop()!];
  return tf.transpose(x, [...axes, last, before]);
}
