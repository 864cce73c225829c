/** What training minimises, in the terms of the trainer: batches as named arrays, and losses by name. */
import type { Shape } from '@pipe-experiment/networks/params.js';
import type { Objective } from '@pipe-experiment/networks/training/step.js';
import type { Values } from '@pipe-experiment/networks/training/values.js';
import type * as tf from '@tensorflow/tfjs-core';
import { computeLoss, type LossConfig } from '../nn/losses.js';
import type { Network } from '../nn/network.js';
import { arraysOf, type Batch } from './batch.js';
import type { Drawn } from './draw.js';

export const LOSSES = ['reconstruction', 'kl', 'total'] as const;

export interface LossRecipe {
  readonly loss: LossConfig;
  /** How much of the KL's weight holds. */
  readonly klShare: number;
}

export function objectiveOf(network: Network, recipe: LossRecipe): Objective {
  const { loss, klShare } = recipe;
  return {
    specs: network.specs,
    losses: LOSSES,
    recipe,
    pass(params, tensors) {
      const batch = tensors as unknown as Batch & { readonly noise: tf.Tensor };
      const { target, mask, noise } = batch;
      const pass = network.train(params, batch, target, noise, klShare);
      const { total, reconstruction, kl } = computeLoss(loss, pass, target, mask, klShare);
      return { losses: { reconstruction, kl, total }, moments: pass.moments };
    },
  };
}

/** @param shape of the latent noise of one image */
export function valuesOf(drawn: Drawn, shape: Shape): Values {
  const { count, arrays } = arraysOf(drawn);
  return { count, arrays: { ...arrays, noise: { shape, values: drawn.noise } } };
}
