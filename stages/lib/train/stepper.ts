/** Makes the updates of one epoch, a batch at a time; each backend may have its own way. */

import type { Timing } from '@pipe-experiment/kernels/webgpu/recording.js';
import { ADAM_DEFAULTS } from '@pipe-experiment/networks/adam.js';
import type { Params } from '@pipe-experiment/networks/params.js';
import * as tf from '@tensorflow/tfjs-core';
import type { LossConfig } from '../nn/losses.js';
import type { Network } from '../nn/network.js';
import { disposeBatch, toTensors } from './batch.js';
import type { Drawn } from './draw.js';
import {
  applyUpdate,
  type Derivatives,
  differentiate,
  type StepLoss,
  type Weights,
} from './step.js';

/** What holds for all updates of an epoch. */
export interface EpochOptions {
  readonly loss: LossConfig;
  /** How much of the KL's weight holds. */
  readonly klShare: number;
  /** Largest norm of all gradients together; 0 leaves them as they are. */
  readonly clip: number;
  /** Decay of the average of the weights; unused when none is kept. */
  readonly ema: number;
  /** Of an update: `step` counts all updates from 1. */
  readonly learningRateAt: (step: number) => number;
}

export interface EpochEnd {
  readonly weights: Weights;
  /** Sums over the updates. */
  readonly losses: StepLoss;
}

export interface Stepper {
  /** One update. Resolves when the next may be asked for: no more than a few are under way. */
  step(drawn: Drawn): Promise<void>;
  /** After the last update, once: the weights and sums, which are the caller's from then on. */
  end(): EpochEnd;
  /** What each kernel of an update costs, where that can be told; the weights are spoilt by it. */
  time?(times: number): Promise<readonly Timing[]>;
  /** Frees all that is not the caller's; weights too when `end` was not called. */
  dispose(): void;
}

/** Takes the weights over, and gives those after all updates. */
export type StartStepper = (network: Network, start: Weights, options: EpochOptions) => Stepper;

/** How the derivatives of a batch are computed; clipped, if `clip` says so. */
export type Differentiate = (
  network: Network,
  params: Params,
  drawn: Drawn,
  options: EpochOptions,
) => Derivatives | Promise<Derivatives>;

export function differentiateWhole(
  network: Network,
  params: Params,
  drawn: Drawn,
  options: EpochOptions,
): Derivatives {
  const batch = toTensors(drawn);
  const noise = tf.tensor(drawn.noise, [drawn.count, ...network.noise]);
  const derivatives = differentiate(network, params, batch, noise, options);
  noise.dispose();
  disposeBatch(batch);
  return derivatives;
}

/** Update by update with new tensors each time: right on every backend. */
export function plainSteppers(compute: Differentiate = differentiateWhole): StartStepper {
  return (network, start, options) => startPlainStepper(compute, network, start, options);
}

function startPlainStepper(
  compute: Differentiate,
  network: Network,
  start: Weights,
  options: EpochOptions,
): Stepper {
  let weights: Weights | undefined = start;
  const losses: StepLoss[] = [];
  return {
    async step(drawn) {
      const { ema, learningRateAt } = options;
      const adam = { ...ADAM_DEFAULTS, learningRate: learningRateAt(weights!.adam.step + 1) };
      const derivatives = await compute(network, weights!.params, drawn, options);
      const result = applyUpdate(weights!, derivatives, { adam, ema });
      weights = result.weights;
      losses.push(result.loss);
      await yieldToEvents();
    },
    end() {
      const end = { weights: weights!, losses: sumLosses(losses) };
      weights = undefined;
      return end;
    },
    dispose() {
      tf.dispose(losses.map(({ reconstruction, kl, total }) => [reconstruction, kl, total]));
      if (weights) disposeWeights(weights);
    },
  };
}

export function disposeWeights({ params, adam, ema }: Weights): void {
  tf.dispose([params, adam.first, adam.second, ema ?? {}]);
}

/** Added up at the end: a running sum would be rounded to float32 after each update. */
function sumLosses(updates: readonly StepLoss[]): StepLoss {
  const sumOf = (part: keyof StepLoss) =>
    tf.sum<tf.Scalar>(tf.stack(updates.map((loss) => loss[part])));
  return tf.tidy(() => ({
    reconstruction: sumOf('reconstruction'),
    kl: sumOf('kl'),
    total: sumOf('total'),
  }));
}

/** Lets signals and messages through between batches. */
function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
