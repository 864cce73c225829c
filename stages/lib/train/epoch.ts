/** One epoch of training: every image once, in a seeded order, and what it gave. */

import type { Losses, Weights } from '@pipe-experiment/networks/training/step.js';
import type { StartStepper } from '@pipe-experiment/networks/training/stepper.js';
import type * as tf from '@tensorflow/tfjs-core';
import { klShareAt } from '../nn/losses.js';
import type { Network } from '../nn/network.js';
import { type Config, learningRateAt } from './config.js';
import type { TrainingData } from './data.js';
import { planEpoch } from './draw.js';
import type { Drawing } from './drawing.js';
import { objectiveOf, valuesOf } from './objective.js';

/** Means over the batches of an epoch. */
export interface EpochLoss {
  readonly loss: number;
  readonly reconstruction: number;
  /** Nats per image. */
  readonly kl: number;
}

export interface EpochResult {
  readonly weights: Weights;
  readonly losses: EpochLoss;
}

export interface EpochHooks {
  readonly drawing: Drawing;
  readonly startStepper: StartStepper;
  /** Called after each batch; throws to stop. */
  readonly onBatch: (done: number, total: number) => void;
}

/**
 * Trains epoch `epoch`, counted from 1, which is a function of the weights it starts from; they are
 * taken over.
 */
export async function trainEpoch(
  { train, model }: Config,
  network: Network,
  data: Pick<TrainingData, 'train'>,
  start: Weights,
  epoch: number,
  { drawing, startStepper, onBatch }: EpochHooks,
): Promise<EpochResult> {
  const plan = planEpoch(train, data.train, epoch);
  const { loss } = model;
  const objective = objectiveOf(network, { loss, klShare: klShareAt(loss, epoch) });
  const stepper = startStepper(objective, start, {
    clip: train.clip,
    ema: train.ema,
    learningRateAt: (step) => learningRateAt(train, step, epoch),
  });
  try {
    let done = 0;
    for await (const drawn of drawing.batches(plan)) {
      await stepper.step(valuesOf(drawn, network.noise));
      onBatch(++done, plan.batches);
    }
    const { weights, losses } = await stepper.end();
    return { weights, losses: await readLosses(losses, plan.batches) };
  } finally {
    stepper.dispose();
  }
}

async function readLosses(sums: Losses, batches: number): Promise<EpochLoss> {
  const mean = async (scalar: tf.Scalar) => {
    const [value] = await scalar.data();
    scalar.dispose();
    return value! / batches;
  };
  return {
    loss: await mean(sums.total),
    reconstruction: await mean(sums.reconstruction!),
    kl: await mean(sums.kl!),
  };
}
