/** Batch norm and its gradients on the WASM backend, in a few passes over the pixels; fused.ts calls them. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { computeOutputs } from './compute.js';
import type { Call } from './override.js';

/** Gives the result, the unit values, and of each channel 1 / σ, the mean and the variance. */
export function normalise({ inputs, attributes, backend }: Call): TensorInfo[] {
  const { x, weight, bias } = inputs;
  const channels = weight!.size;
  const shapes = [x!.shape, x!.shape, [channels], [channels], [channels]];
  return computeOutputs(backend, shapes, [x!, weight!, bias!], 0, (kernels, ...pointers) => {
    const sizes = [x!.size / channels, channels, attributes.epsilon as number];
    kernels.normalise(...pointers.slice(0, -1), ...sizes);
  });
}

/** With respect to the input, the weight and the bias. */
export function normaliseGradient({ inputs, backend }: Call): TensorInfo[] {
  const { dy, unit, inverse, weight } = inputs;
  const channels = weight!.size;
  const shapes = [dy!.shape, [channels], [channels]];
  const given = [dy!, unit!, inverse!, weight!];
  return computeOutputs(backend, shapes, given, 3 * channels, (kernels, ...pointers) => {
    kernels.normalise_back(...pointers, dy!.size / channels, channels);
  });
}
