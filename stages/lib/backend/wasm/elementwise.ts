/** Element-wise kernels of the WASM backend, arranged so that its vectorised loops are used. */
import * as tf from '@tensorflow/tfjs-core';
import type { Attributes, Tensors } from './override.js';

/**
 * x · (1 where x > 0, else alpha): the native leaky ReLU is not vectorised, `Step` and `Multiply`
 * are (measured: 9 times).
 */
export function leakyRelu({ x }: Tensors, { alpha }: Attributes): tf.Tensor {
  return tf.mul(x!, tf.step(x!, alpha as number));
}

/**
 * A vector of channels against an image: the backend's broadcast walks the last axis, which is
 * short. The vector is repeated once to the length of an image and the images are rows
 * (measured: 4 to 20 times). Leaves all other shapes to the backend.
 */
export function overChannels(
  operation: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): ({ a, b }: Tensors) => tf.Tensor | undefined {
  return ({ a, b }) => {
    const channels = b!.size;
    if (a!.rank !== 4 || channels > MOST_CHANNELS || !isVector(b!, a!.shape[3]!)) return undefined;
    const length = a!.size / a!.shape[0]!;
    if (length === channels) return undefined;
    const row = tf.reshape(tf.tile(tf.reshape(b!, [channels]), [length / channels]), [1, length]);
    return tf.reshape(operation(tf.reshape(a!, [-1, length]), row), a!.shape);
  };
}

/** From here on the backend's own broadcast is as fast. */
const MOST_CHANNELS = 256;

function isVector(b: tf.Tensor, channels: number): boolean {
  return channels > 1 && b.size === channels && b.shape[b.rank - 1] === channels;
}

/**
 * A sum over all axes but the last, or over all, as products with a row of ones; first over the
 * images, then over the pixels, so that no chain of additions is long. Leaves the rest to the backend.
 */
export function sum({ x }: Tensors, { axis, keepDims }: Attributes): tf.Tensor | undefined {
  if (x!.rank < 2 || x!.dtype !== 'float32' || x!.size < SMALL_SUM || keepDims) return undefined;
  const axes = tf.util.parseAxisParam(axis as number[], x!.shape);
  const all = axes.length === x!.rank;
  const leading = axes.length === x!.rank - 1 && !axes.includes(x!.rank - 1);
  if (!all && !leading) return undefined;
  const kept = all ? 1 : x!.shape[x!.rank - 1]!;
  const images = x!.shape[0]!;
  const rest = x!.size / images;
  const perPixel = tf.matMul(tf.ones([1, images]), tf.reshape(x!, [images, rest]));
  const total = tf.matMul(tf.ones([1, rest / kept]), tf.reshape(perPixel, [rest / kept, kept]));
  return tf.reshape(total, all ? [] : [kept]);
}

const SMALL_SUM = 4096;
