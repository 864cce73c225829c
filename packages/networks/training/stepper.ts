/** Makes the updates of one epoch, a batch at a time; each backend may have its own way. */

import type { Timing } from '@pipe-experiment/kernels/webgpu/recording.js';
import * as tf from '@tensorflow/tfjs-core';
import { ADAM_DEFAULTS } from './adam.js';
import { type Passes, ReplayedPasses } from './passes.js';
import { applyUpdate, disposeWeights, type Losses, type Objective, type Weights } from './step.js';
import type { Values } from './values.js';

/** What holds for all updates of an epoch. */
export interface EpochOptions {
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
  readonly losses: Losses;
}

export interface Stepper {
  /** One update. Resolves when the next may be asked for: no more than a few are under way. */
  step(values: Values): Promise<void>;
  /** After the last update, once: the weights and sums, which are the caller's from then on. */
  end(): Promise<EpochEnd>;
  /** What each kernel of an update costs, where that can be told; the weights are spoilt by it. */
  time?(times: number): Promise<readonly Timing[]>;
  /** Frees all that is not the caller's; weights too when `end` was not called. */
  dispose(): void;
}

/** Takes the weights over, and gives those after all updates. */
export type StartStepper = (objective: Objective, start: Weights, options: EpochOptions) => Stepper;

/** Update by update with new tensors each time: right on every backend. */
export function plainSteppers(
  startPasses: (objective: Objective) => Passes = (objective) => new ReplayedPasses(objective),
): StartStepper {
  return (objective, start, options) =>
    startPlainStepper(startPasses(objective), objective, start, options);
}

function startPlainStepper(
  passes: Passes,
  objective: Objective,
  start: Weights,
  { clip, ema, learningRateAt }: EpochOptions,
): Stepper {
  let weights: Weights | undefined = start;
  const updates: Losses[] = [];
  return {
    async step(values) {
      const adam = { ...ADAM_DEFAULTS, learningRate: learningRateAt(weights!.adam.step + 1) };
      const derivatives = passes.differentiate(weights!.params, values, clip);
      const result = applyUpdate(weights!, derivatives, { adam, ema });
      weights = result.weights;
      updates.push(result.losses);
      await yieldToEvents();
    },
    async end() {
      const end = { weights: weights!, losses: sumLosses(objective.losses, updates) };
      weights = undefined;
      passes.dispose();
      return end;
    },
    dispose() {
      tf.dispose(updates);
      passes.dispose();
      if (weights) disposeWeights(weights);
    },
  };
}

/** Added up at the end: a running sum would be rounded to float32 after each update. */
export function sumLosses(names: readonly string[], updates: readonly Losses[]): Losses {
  const sumOf = (name: string) =>
    tf.sum<tf.Scalar>(tf.stack(updates.map((losses) => losses[name]!)));
  return tf.tidy(() => Object.fromEntries(names.map((name) => [name, sumOf(name)]))) as Losses;
}

/** Lets signals and messages through between batches. */
export function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
