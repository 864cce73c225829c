/** One update of the parameters from one batch. */

import { type AdamConfig, type AdamState, adamUpdate } from '@pipe-experiment/networks/adam.js';
import { type Moments, runningStatistics } from '@pipe-experiment/networks/batchnorm.js';
import { clipGradients } from '@pipe-experiment/networks/clip.js';
import { emaUpdate } from '@pipe-experiment/networks/ema.js';
import type { Params } from '@pipe-experiment/networks/params.js';
import * as tf from '@tensorflow/tfjs-core';
import { computeLoss, type LossConfig } from '../nn/losses.js';
import type { Network } from '../nn/network.js';
import type { Batch } from './batch.js';

/** All tensors that training changes. */
export interface Weights {
  readonly params: Params;
  readonly adam: AdamState;
  /** The average of the parameters, when it is kept. */
  readonly ema: Params | undefined;
}

export interface StepOptions {
  readonly adam: AdamConfig;
  readonly loss: LossConfig;
  readonly klShare: number;
  /** Largest norm of all gradients together; 0 leaves them as they are. */
  readonly clip: number;
  /** Decay of the average; unused when none is kept. */
  readonly ema: number;
}

/** Of one step, or sums over the steps of an epoch; kept on the backend: nothing is read in between. */
export interface StepLoss {
  readonly reconstruction: tf.Scalar;
  readonly kl: tf.Scalar;
  readonly total: tf.Scalar;
}

export interface StepResult {
  readonly weights: Weights;
  readonly loss: StepLoss;
}

/**
 * Gives the weights after one update and disposes those before, and the derivatives; the caller disposes
 * the loss.
 */
export function applyUpdate(
  weights: Weights,
  { gradients, loss, moments }: Derivatives,
  options: Pick<StepOptions, 'adam' | 'ema'>,
): StepResult {
  const updated = adamUpdate(options.adam, weights.params, gradients, weights.adam);
  const tracked = tf.tidy(() => runningStatistics(weights.params, moments));
  const params = { ...weights.params, ...updated.params, ...tracked };
  const ema = weights.ema && emaUpdate(weights.ema, params, options.ema, updated.state.step);
  tf.dispose(Object.values(gradients));
  tf.dispose(moments.flatMap(({ mean, variance }) => [mean, variance]));
  disposeReplaced(weights, params);
  return { weights: { params, adam: updated.state, ema }, loss };
}

/** What one pass through the network gives; the caller disposes all of it. */
export interface Derivatives {
  readonly gradients: Params;
  readonly loss: StepLoss;
  readonly moments: readonly Moments[];
}

export function differentiate(
  network: Network,
  params: Params,
  batch: Batch,
  noise: tf.Tensor,
  { loss: config, klShare, clip }: Pick<StepOptions, 'loss' | 'klShare' | 'clip'>,
): Derivatives {
  const names = network.specs.filter(({ trainable }) => trainable).map(({ name }) => name);
  let moments: readonly Moments[] = [];
  let parts: Omit<StepLoss, 'total'> | undefined;
  const objective = (...tensors: tf.Tensor[]): tf.Scalar => {
    const trainable = Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
    const pass = network.train({ ...params, ...trainable }, batch, batch.target, noise, klShare);
    const loss = computeLoss(config, pass, batch.target, batch.mask, klShare);
    moments = pass.moments;
    parts = { reconstruction: tf.keep(loss.reconstruction), kl: tf.keep(loss.kl) };
    return loss.total;
  };
  const { value, grads } = tf.valueAndGrads(objective)(names.map((name) => params[name]!));
  return {
    gradients: clipped(Object.fromEntries(names.map((name, i) => [name, grads[i]!])), clip),
    loss: { ...parts!, total: value as tf.Scalar },
    moments,
  };
}

/** Takes the gradients over. */
export function clipped(gradients: Params, clip: number): Params {
  if (clip === 0) return gradients;
  const smaller = clipGradients(gradients, clip);
  tf.dispose(gradients);
  return smaller;
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
