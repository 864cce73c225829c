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
export const NORMALISE = 'Normalise';
export const NORMALISE_GRADIENT = 'NormaliseGrad';
export const BLUR = 'Blur';
export const BLUR_GRADIENT = 'BlurGrad';

/** The new values, first and second moments. */
export function fusedAdam(
  inputs: AdamInputs,
  factors: AdamFactors,
): readonly [values: tf.Tensor, first: tf.Tensor, second: tf.Tensor] | undefined {
  if (!isThere(ADAM)) return undefined;
  return run(ADAM, inputs, factors) as unknown as readonly [tf.Tensor, tf.Tensor, tf.Tensor];
}

/** left · a + right · b, for a and b of one shape. */
export function blend(a: tf.Tensor, b: tf.Tensor, left: number, right: number): tf.Tensor {
  if (isThere(BLEND)) return run(BLEND, { a, b }, { left, right });
  return tf.tidy(() => tf.add(tf.mul(a, left), tf.mul(b, right)));
}

/** dy where x > 0, alpha · dy elsewhere. */
export function fusedLeakyGradient(
  dy: tf.Tensor,
  x: tf.Tensor,
  alpha: number,
): tf.Tensor | undefined {
  return isThere(LEAKY_RELU_GRADIENT) ? run(LEAKY_RELU_GRADIENT, { dy, x }, { alpha }) : undefined;
}

/** Batch norm in training: its result, what its gradient needs, and of each channel the mean and the variance. */
export interface Normalised {
  readonly value: tf.Tensor;
  readonly kept: readonly tf.Tensor[];
  readonly mean: tf.Tensor;
  /** Of the population. */
  readonly variance: tf.Tensor;
}

export function fusedNormalise(
  inputs: { readonly x: tf.Tensor; readonly weight: tf.Tensor; readonly bias: tf.Tensor },
  epsilon: number,
): Normalised | undefined {
  if (!isThere(NORMALISE)) return undefined;
  const [value, mean, variance, ...kept] = run(NORMALISE, inputs, {
    epsilon,
  }) as unknown as readonly tf.Tensor[];
  return { value: value!, kept, mean: mean!, variance: variance! };
}

/** Its gradients with respect to x, weight and bias. */
export function fusedNormaliseGradient(
  dy: tf.Tensor,
  weight: tf.Tensor,
  kept: readonly tf.Tensor[],
  epsilon: number,
): tf.Tensor[] | undefined {
  if (!isThere(NORMALISE_GRADIENT)) return undefined;
  const inputs = { dy, weight, ...Object.fromEntries(kept.map((each, i) => [`kept${i}`, each])) };
  return run(NORMALISE_GRADIENT, inputs, { epsilon }) as unknown as tf.Tensor[];
}

/**
 * A window along both directions of x [N, H, W], where all of it is inside: [N, H − k + 1, W − k + 1].
 *
 * @param taps [k], the same from both ends
 */
export function fusedBlur(x: tf.Tensor3D, taps: tf.Tensor1D): tf.Tensor3D | undefined {
  if (!isThere(BLUR)) return undefined;
  const operation = tf.customGrad((...args) => {
    const [input, window, save] = args as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([window]);
    const gradFunc = (dy: tf.Tensor, [window]: tf.Tensor[]) => [
      run(BLUR_GRADIENT, { dy, taps: window! }, {}),
      tf.zerosLike(window!),
    ];
    return { value: run(BLUR, { x: input, taps: window }, {}), gradFunc };
  });
  return operation(x, taps) as tf.Tensor3D;
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
