/** Updates of weights on the WASM backend, each in one pass over its values; fused.ts calls them. */
import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { AdamFactors } from '../fused.js';
import { computeOutput, computeOutputs } from './compute.js';
import type { Call } from './override.js';

/** Gives the new values, first and second moments. */
export function adam({ inputs, attributes, backend }: Call): TensorInfo[] {
  const { values, gradient, first, second } = inputs;
  const { beta1, beta2, rate, correction, epsilon } = attributes as unknown as AdamFactors;
  const { shape } = values!;
  const given = [values!, gradient!, first!, second!];
  return computeOutputs(backend, [shape, shape, shape], given, 0, (kernels, ...pointers) => {
    const factors = [beta1, 1 - beta1, beta2, 1 - beta2, rate, correction, epsilon];
    kernels.adam(...pointers.slice(0, -1), util.sizeFromShape(shape), ...factors);
  });
}

export function blend({ inputs, attributes, backend }: Call): TensorInfo {
  const { a, b } = inputs;
  const { left, right } = attributes as { readonly left: number; readonly right: number };
  return computeOutput(backend, a!.shape, [a!, b!], 0, (kernels, ...pointers) => {
    kernels.blend(...pointers.slice(0, -1), util.sizeFromShape(a!.shape), left, right);
  });
}
