/** Updates that some backends compute in one pass; undefined on the others, which compose them. */
import * as tf from '@tensorflow/tfjs-core';

export interface AdamFactors {
  readonly beta1: number;
  readonly beta2: number;
  /** lr / (1 − β₁ᵗ), and what makes √v into √v̂. */
  readonly rate: number;
  readonly correction: number;
  readonly epsilon: number;
}

export interface AdamInputs {
  readonly values: tf.Tensor;
  readonly gradient: tf.Tensor;
  readonly first: tf.Tensor;
  readonly second: tf.Tensor;
}

export const ADAM = 'AdamUpdate';
export const BLEND = 'Blend';
export const LEAKY_RELU_GRADIENT = 'LeakyReluGrad';

/** The new values, first and second moments. */
export function fusedAdam(
  inputs: AdamInputs,
  factors: AdamFactors,
): readonly [values: tf.Tensor, first: tf.Tensor, second: tf.Tensor] | undefined {
  if (!isThere(ADAM)) return undefined;
  return run(ADAM, inputs, factors) as unknown as readonly [tf.Tensor, tf.Tensor, tf.Tensor];
}

/** share · a + (1 − share) · b. */
export function fusedBlend(a: tf.Tensor, b: tf.Tensor, share: number): tf.Tensor | undefined {
  return isThere(BLEND) ? run(BLEND, { a, b }, { share }) : undefined;
}

/** dy where x > 0, alpha · dy elsewhere. */
export function fusedLeakyGradient(
  dy: tf.Tensor,
  x: tf.Tensor,
  alpha: number,
): tf.Tensor | undefined {
  return isThere(LEAKY_RELU_GRADIENT) ? run(LEAKY_RELU_GRADIENT, { dy, x }, { alpha }) : undefined;
}

function isThere(kernel: string): boolean {
  // Typed as always present.
  return (tf.getKernel(kernel, tf.getBackend()) as tf.KernelConfig | undefined) !== undefined;
}

function run(kernel: string, inputs: object, attributes: object): tf.Tensor {
  return tf
    .engine()
    .runKernel(kernel, inputs as tf.NamedTensorMap, attributes as tf.NamedAttrMap) as tf.Tensor;
}
