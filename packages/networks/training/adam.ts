/** Adam (Kingma and Ba 2015) as pure functions over tensors by name. */
import {
  type AdamFactors,
  type AdamInputs,
  blend,
  fusedAdam,
} from '@pipe-experiment/kernels/fused.js';
import { power } from '@pipe-experiment/numerics/power.js';
import * as tf from '@tensorflow/tfjs-core';
import { type Params, param } from '../params.js';

export interface AdamConfig {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  /** Added to √v̂: PyTorch's 1e-8, where tfjs has 1e-7. */
  readonly epsilon: number;
}

/** PyTorch's defaults, which are the paper's. */
export const ADAM_DEFAULTS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

export interface AdamState {
  /** Updates made so far. */
  readonly step: number;
  /** First and second moments by the name of their parameter. */
  readonly first: Params;
  readonly second: Params;
}

/** The state before the first update: all moments zero. */
export function initAdam(trainable: Params): AdamState {
  const zeros = () =>
    Object.fromEntries(Object.entries(trainable).map(([name, x]) => [name, tf.zerosLike(x)]));
  return { step: 0, first: zeros(), second: zeros() };
}

/** How far update `step`, counted from 1, goes: lr / (1 − β₁ᵗ), and what makes √v into √v̂. */
export function adamFactors(
  { learningRate, beta1, beta2 }: AdamConfig,
  step: number,
): { readonly rate: number; readonly correction: number } {
  return {
    rate: learningRate / (1 - power(beta1, step)),
    correction: 1 / Math.sqrt(1 - power(beta2, step)),
  };
}

export interface AdamUpdate {
  readonly params: Params;
  readonly state: AdamState;
}

/**
 * One update of the parameters that have a gradient: m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g²,
 * p ← p − lr · m̂ / (√v̂ + ε) with m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ). Gives new tensors; the old ones
 * stay the caller's.
 */
export function adamUpdate(
  config: AdamConfig,
  params: Params,
  gradients: Params,
  state: AdamState,
): AdamUpdate {
  const step = state.step + 1;
  const factors = { ...config, ...adamFactors(config, step) };
  const updated: Record<string, tf.Tensor> = {};
  const first: Record<string, tf.Tensor> = {};
  const second: Record<string, tf.Tensor> = {};
  for (const [name, gradient] of Object.entries(gradients)) {
    const given = {
      values: param(params, name),
      gradient,
      first: param(state.first, name),
      second: param(state.second, name),
    };
    const [p, m, v] = fusedAdam(given, factors) ?? composedAdam(given, factors);
    updated[name] = p;
    first[name] = m;
    second[name] = v;
  }
  return { params: updated, state: { step, first, second } };
}

function composedAdam({ values, gradient, first, second }: AdamInputs, factors: AdamFactors) {
  const { beta1, beta2, rate, correction, epsilon } = factors;
  return tf.tidy(() => {
    const m = blend(first, gradient, beta1, 1 - beta1);
    const v = blend(second, tf.square(gradient), beta2, 1 - beta2);
    const deviation = tf.add(tf.mul(tf.sqrt(v), correction), epsilon);
    const change = tf.div(tf.mul(m, rate), deviation);
    return [tf.sub(values, change), m, v] as const;
  });
}
