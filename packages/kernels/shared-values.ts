/** Values of tensors from and to arrays that threads share, without a copy between. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { memoryOf } from './wasm/compute.js';

/** The values, to be read before the next operation: a view of the backend's memory, where it has one. */
export function viewOf(tensor: tf.Tensor): Float32Array {
  if (tf.getBackend() !== 'wasm') return tensor.dataSync() as Float32Array;
  const backend = tf.backend() as BackendWasm;
  return new Float32Array(
    memoryOf(backend).buffer,
    backend.getMemoryOffset(tensor.dataId),
    tensor.size,
  );
}

/** A new tensor with these values, which the caller may overwrite. */
export function tensorFrom(values: Float32Array, shape: readonly number[]): tf.Tensor {
  // This backend copies them into its memory, and others may keep the array.
  return tf.tensor(tf.getBackend() === 'wasm' ? values : values.slice(), [...shape]);
}
