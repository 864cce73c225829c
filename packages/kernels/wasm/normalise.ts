/** Batch norm and its gradients on the WASM backend, in a few passes over the pixels; fused.ts calls them. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { computeOutputs } from './compute.js';
import type { Call } from './override.js';

/** Gives the result, of each channel the mean and the variance, and for the gradient the unit values and 1 / σ. */
export function normalise({ inputs, attributes, backend }: Call): TensorInfo[] {
  const { x, weight, bias } = inputs;
  const channels = weight!.size;
  const shapes = [x!.shape, x!.shape, [channels], [channels], [channels]];
  const given = [x!, weight!, bias!];
  const outputs = computeOutputs(backend, shapes, given, 0, (kernels, ...pointers) => {
    const sizes = [x!.size / channels, channels, attributes.epsilon as number];
    kernels.normalise(...pointers.slice(0, -1), ...sizes);
  });
  const [value, unit, inverse, mean, variance] = outputs as [
    TensorInfo,
    TensorInfo,
    TensorInfo,
    TensorInfo,
    TensorInfo,
  ];
  return [value, mean, variance, unit, inverse];
}

/** With respect to the input, the weight and the bias. */
export function normaliseGradient({ inputs, backend }: Call): TensorInfo[] {
  const { dy, weight, kept0: unit, kept1: inverse } = inputs;
  const channels = weight!.size;
  const shapes = [dy!.shape, [channels], [channels]];
  const given = [dy!, unit!, inverse!, weight!];
  return computeOutputs(backend, shapes, given, 3 * channels, (kernels, ...pointers) => {
    kernels.normalise_back(...pointers, dy!.size / channels, channels);
  });
}
