/** Element-wise kernels of the WASM backend, arranged so that its vectorised loops are used. */
import type * as tf from '@tensorflow/tfjs-core';
import { computeOutput } from './compute.js';
import type { Call, Replacement } from './override.js';

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

/** What native/compute.c knows the operations of `over_channels` by. */
const OPERATIONS = ['add', 'subtract', 'multiply'] as const;

/**
 * A vector of channels against an image: the backend's broadcast walks the last axis, which is short.
 * Leaves all other shapes to the backend.
 */
export function overChannels(operation: (typeof OPERATIONS)[number]): Replacement {
  return ({ inputs: { a, b }, backend }) => {
    const channels = b!.size;
    if (a!.dtype !== 'float32' || b!.dtype !== 'float32') return undefined;
    if (a!.rank < 2 || channels < 2) return undefined;
    if (a!.shape.at(-1) !== channels || b!.shape.at(-1) !== channels) return undefined;
    if (b!.rank > a!.rank) return undefined;
    return computeOutput(backend, a!.shape, [a!, b!], 0, (kernels, ...pointers) => {
      const sizes = [a!.size / channels, channels, OPERATIONS.indexOf(operation)];
      kernels.over_channels(...pointers.slice(0, -1), ...sizes);
    });
  };
}
