/** Element-wise kernels of the WASM backend, arranged so that its vectorised loops are used. */
import * as tf from '@tensorflow/tfjs-core';
import { computeOutput } from './compute.js';
import type { Call, Tensors } from './override.js';

/** x where x > 0, else alpha · x. */
export function leakyRelu({ inputs, attributes, backend }: Call): tf.TensorInfo | undefined {
  const { x } = inputs;
  return x!.dtype === 'float32' ? leaky(backend, x!, x!, attributes.alpha as number) : undefined;
}

/** dy where x > 0, else alpha · dy. */
export function leakyReluGradient({ inputs, attributes, backend }: Call): tf.TensorInfo {
  return leaky(backend, inputs.x!, inputs.dy!, attributes.alpha as number);
}

function leaky(backend: Call['backend'], x: tf.Tensor, dy: tf.Tensor, alpha: number) {
  return computeOutput(backend, x.shape, [x, dy], 0, (kernels, ...pointers) => {
    kernels.leaky(...pointers.slice(0, -1), x.size, alpha);
  });
}

/**
 * A vector of channels against an image: the backend's broadcast walks the last axis, which is
 * short. The vector is repeated once to the length of a row of pixels, and the image is such rows
 * (measured: 4 times). Leaves all other shapes to the backend.
 */
export function overChannels(
  operation: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): ({ a, b }: Tensors) => tf.Tensor | undefined {
  return ({ a, b }) => {
    const [channels, width] = [b!.size, a!.shape[2]!];
    if (a!.rank !== 4 || channels > MOST_CHANNELS || width === 1) return undefined;
    if (!isVector(b!, a!.shape[3]!)) return undefined;
    const length = width * channels;
    const row = tf.reshape(tf.tile(tf.reshape(b!, [channels]), [width]), [1, length]);
    return tf.reshape(operation(tf.reshape(a!, [-1, length]), row), a!.shape);
  };
}

/** From here on the backend's own broadcast is as fast. */
const MOST_CHANNELS = 32;

function isVector(b: tf.Tensor, channels: number): boolean {
  return channels > 1 && b.size === channels && b.shape[b.rank - 1] === channels;
}
