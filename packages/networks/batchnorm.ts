/** Batch normalisation (Ioffe and Szegedy 2015), with PyTorch's constants and its running statistics. */
import {
  fusedNormalise,
  fusedNormaliseGradient,
  type Normalised,
} from '@pipe-experiment/kernels/fused.js';
import * as tf from '@tensorflow/tfjs-core';
import { type ParamSpec, type Params, param } from './params.js';

const EPSILON = 1e-5;
/** PyTorch's "momentum 0.1": the share of the new batch; tfjs would call it 0.9. */
export const NEW_SHARE = 0.1;

/** Mean and variance of one layer's batch, each [channels]; the caller of the pass disposes them. */
export interface Moments {
  readonly name: string;
  readonly mean: tf.Tensor;
  /** Population variance, as it normalises. */
  readonly variance: tf.Tensor;
  /** How many values each channel had. */
  readonly count: number;
}

/** Which statistics normalise: those of the batch, noted down in `moments`, or the running ones. */
export type Statistics =
  | { readonly kind: 'batch'; readonly moments: Moments[] }
  | { readonly kind: 'running' };

export function batchNormSpecs(name: string, channels: number): ParamSpec[] {
  const spec = (part: string, value: number, trainable: boolean): ParamSpec => ({
    name: `${name}.${part}`,
    shape: [channels],
    init: { kind: 'constant', value },
    trainable,
  });
  return [
    spec('weight', 1, true),
    spec('bias', 0, true),
    spec('running_mean', 0, false),
    spec('running_var', 1, false),
  ];
}

/** x [B, H, W, C] → the same shape, each channel normalised, scaled and shifted. */
export function batchNorm(
  params: Params,
  name: string,
  x: tf.Tensor4D,
  statistics: Statistics,
): tf.Tensor4D {
  const gamma = param(params, `${name}.weight`);
  const beta = param(params, `${name}.bias`);
  if (statistics.kind === 'running') {
    const mean = param(params, `${name}.running_mean`);
    const variance = param(params, `${name}.running_var`);
    const scale = tf.mul(gamma, inverseDeviation(variance));
    return tf.add(tf.mul(tf.sub(x, mean), scale), beta);
  }
  return normalise(x, gamma, beta, (mean, variance) => {
    const count = x.size / x.shape[3];
    statistics.moments.push({ name, mean: tf.keep(mean), variance: tf.keep(variance), count });
  });
}

/**
 * With μ, σ² of the batch and x̂ = (x − μ)/σ: y = γ·x̂ + β, and backwards
 * dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy·x̂)). As one operation, so that the tape keeps x̂ alone.
 */
function normalise(
  x: tf.Tensor4D,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  note: (mean: tf.Tensor, variance: tf.Tensor) => void,
): tf.Tensor4D {
  const operation = tf.customGrad((...args) => {
    const [input, weight, shift, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const inputs = { x: input, weight, bias: shift };
    const { value, kept, mean, variance } =
      fusedNormalise(inputs, EPSILON) ?? composedNormalise(inputs);
    note(mean, variance);
    save([weight, ...kept]);
    const gradFunc = (dy: tf.Tensor, [weight, ...kept]: tf.Tensor[]) =>
      fusedNormaliseGradient(dy, weight!, kept, EPSILON) ?? composedGradient(dy, weight!, kept);
    return { value, gradFunc };
  });
  return operation(x, gamma, beta) as tf.Tensor4D;
}

function composedNormalise({
  x,
  weight,
  bias,
}: Readonly<Record<'x' | 'weight' | 'bias', tf.Tensor>>): Normalised {
  const mean = tf.mean(x, [0, 1, 2]);
  const centred = tf.sub(x, mean);
  const variance = tf.mean(tf.square(centred), [0, 1, 2]);
  const inverse = inverseDeviation(variance);
  const unit = tf.mul(centred, inverse);
  const value = tf.add(tf.mul(unit, weight), bias);
  return { value, kept: [unit, inverse], mean, variance };
}

function composedGradient(
  dy: tf.Tensor,
  weight: tf.Tensor,
  kept: readonly tf.Tensor[],
): tf.Tensor[] {
  const [unit, inverse] = kept as readonly [tf.Tensor, tf.Tensor];
  const dWeight = tf.sum(tf.mul(dy, unit), [0, 1, 2]);
  const dShift = tf.sum(dy, [0, 1, 2]);
  const count = dy.size / dy.shape[3]!;
  const along = tf.mul(unit, tf.div(dWeight, count));
  const rest = tf.sub(tf.sub(dy, tf.div(dShift, count)), along);
  return [tf.mul(rest, tf.mul(weight, inverse)), dWeight, dShift];
}

/**
 * The running statistics after one more batch: new tensors, by name, for those that changed.
 * The running variance is the unbiased one, as PyTorch keeps it.
 */
export function runningStatistics(params: Params, moments: readonly Moments[]): Params {
  const entries = moments.flatMap(({ name, mean, variance, count }) => {
    return [
      blended(params, `${name}.running_mean`, mean),
      blended(params, `${name}.running_var`, unbiased(variance, count)),
    ];
  });
  return Object.fromEntries(entries);
}

/** The variance of a sample of `count` from its population variance. */
export function unbiased(variance: tf.Tensor, count: number): tf.Tensor {
  return tf.mul(variance, count / Math.max(1, count - 1));
}

function blended(params: Params, name: string, batch: tf.Tensor): [string, tf.Tensor] {
  const kept = tf.mul(param(params, name), 1 - NEW_SHARE);
  return [name, tf.add(kept, tf.mul(batch, NEW_SHARE))];
}

function inverseDeviation(variance: tf.Tensor): tf.Tensor {
  return tf.div(1, tf.sqrt(tf.add(variance, EPSILON)));
}
