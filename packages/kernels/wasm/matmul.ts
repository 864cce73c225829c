/** Matrix products on the WASM backend: transposed factors made fast, and a trap of its cache avoided. */
import * as tf from '@tensorflow/tfjs-core';
import type { Attributes, Tensors } from './override.js';

/**
 * The backend packs the right factor once and keeps that under the factor's buffer alone: the same
 * buffer, reshaped, in a second product would be read with the dimensions of the first, out of
 * bounds. So the shape that each buffer was packed with is remembered here.
 */
const packedAs = new WeakMap<object, string>();

/**
 * Transposes first, then multiplies: the backend's own products with a transposed factor are 10 to
 * 30 times slower. A right factor that was packed with another shape is copied to a buffer of its own.
 */
export function matMul(
  { a, b }: Tensors,
  { transposeA, transposeB }: Attributes,
): tf.Tensor | undefined {
  const right = transposeB ? swap(b!) : b!;
  const shape = right.shape.join();
  const packed = packedAs.get(right.dataId);
  if (packed !== undefined && packed !== shape) {
    return tf.matMul(transposeA ? swap(a!) : a!, tf.mul(right, 1));
  }
  if (transposeA || transposeB) return tf.matMul(transposeA ? swap(a!) : a!, right);
  packedAs.set(right.dataId, shape);
  return undefined;
}

function swap(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, i) => i);
  const [last, before] = [axes.pop()!, axes.pop()!];
  return tf.transpose(x, [...axes, last, before]);
}
