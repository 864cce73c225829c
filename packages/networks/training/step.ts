/** One update of the parameters from one batch. */

import * as tf from '@tensorflow/tfjs-core';
import { type Moments, runningStatistics } from '../batchnorm.js';
import type { ParamSpec, Params } from '../params.js';
import { type AdamConfig, type AdamState, adamUpdate } from './adam.js';
import { clipGradients } from './clip.js';
import { emaUpdate } from './ema.js';
import { mapped, type Tensors } from './values.js';

/** All tensors that training changes. */
export interface Weights {
  readonly params: Params;
  readonly adam: AdamState;
  /** The average of the parameters, when it is kept. */
  readonly ema: Params | undefined;
}

export interface StepOptions {
  readonly adam: AdamConfig;
  /** Decay of the average; unused when none is kept. */
  readonly ema: number;
}

/** By name; of one step, or sums over the steps of an epoch; kept on the backend: nothing is read in between. */
export type Losses = Readonly<Record<string, tf.Scalar>> & {
  /** What is minimised. */
  readonly total: tf.Scalar;
};

/** What is trained, and what it minimises. */
export interface Objective {
  readonly specs: readonly ParamSpec[];
  /** Names of all losses. */
  readonly losses: readonly string[];
  /** What other threads need to make the same objective: anything that can be cloned. */
  readonly recipe: unknown;
  /** A pass with gradients. */
  pass(params: Params, batch: Tensors): Pass;
}

export interface Pass {
  readonly losses: Losses;
  /** Statistics of the batch-norm layers, kept for the update of the running ones. */
  readonly moments: readonly Moments[];
}

export interface StepResult {
  readonly weights: Weights;
  readonly losses: Losses;
}

/**
 * Gives the weights after one update and disposes those before, and the derivatives; the caller disposes
 * the losses.
 */
export function applyUpdate(
  weights: Weights,
  { gradients, losses, moments }: Derivatives,
  options: StepOptions,
): StepResult {
  const updated = adamUpdate(options.adam, weights.params, gradients, weights.adam);
  const tracked = tf.tidy(() => runningStatistics(weights.params, moments));
  const params = { ...weights.params, ...updated.params, ...tracked };
  const ema = weights.ema && emaUpdate(weights.ema, params, options.ema, updated.state.step);
  tf.dispose(Object.values(gradients));
  tf.dispose(moments.flatMap(({ mean, variance }) => [mean, variance]));
  disposeReplaced(weights, params);
  return { weights: { params, adam: updated.state, ema }, losses };
}

/** What comes of a pass; the caller disposes all of it. */
export interface Derivatives extends Pass {
  readonly gradients: Params;
}

/** @param clip the largest norm of all gradients together; 0 leaves them as they are */
export function differentiate(
  objective: Objective,
  params: Params,
  batch: Tensors,
  clip: number,
): Derivatives {
  const names = objective.specs.filter(({ trainable }) => trainable).map(({ name }) => name);
  let moments: readonly Moments[] = [];
  let parts: Record<string, tf.Scalar> = {};
  const total = (...tensors: tf.Tensor[]): tf.Scalar => {
    const trainable = Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
    const pass = objective.pass({ ...params, ...trainable }, batch);
    moments = pass.moments;
    const { total, ...others } = pass.losses;
    parts = mapped(others, (loss) => tf.keep(loss));
    return total;
  };
  const { value, grads } = tf.valueAndGrads(total)(names.map((name) => params[name]!));
  return {
    gradients: clipGradients(Object.fromEntries(names.map((name, i) => [name, grads[i]!])), clip),
    losses: { ...parts, total: value as tf.Scalar },
    moments,
  };
}

export function disposeWeights({ params, adam, ema }: Weights): void {
  tf.dispose([params, adam.first, adam.second, ema ?? {}]);
}

export function mapWeights(
  { params, adam, ema }: Weights,
  change: (params: Params) => Params,
): Weights {
  return {
    params: change(params),
    adam: { ...adam, first: change(adam.first), second: change(adam.second) },
    ema: ema && change(ema),
  };
}

/** Disposes the old weights but for those that went on unchanged. */
function disposeReplaced(old: Weights, params: Params): void {
  const kept = new Set(Object.values(params));
  const before = [
    ...Object.values(old.params),
    ...Object.values(old.adam.first),
    ...Object.values(old.adam.second),
    ...Object.values(old.ema ?? {}),
  ];
  tf.dispose(before.filter((tensor) => !kept.has(tensor)));
}
