/** What training minimises: how far the restored image is from the original, and the latent's KL. */

import { graphSsim } from '@pipe-experiment/networks/ssim-loss.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Pass } from './network.js';

export interface LossConfig {
  /** Squared error (the code) or absolute error of the pixels. */
  readonly pixel: 'mse' | 'l1';
  /** Weight of a known pixel; one in the hole has 1. 1 for all is the code's. */
  readonly known: number;
  /** Weight of 1 − SSIM of the composite, the known pixels pasted back; 0 leaves it out. */
  readonly ssim: number;
  /** Weight of the KL divergence per pixel of the image; the code's is 0.01. */
  readonly kl: number;
  /** Nats per image that cost nothing. */
  readonly freeNats: number;
  /** Epochs over which the weight of the KL grows linearly from 0. */
  readonly klWarmup: number;
}

/** All scalars, means over the batch. */
export interface Loss {
  readonly total: tf.Scalar;
  readonly reconstruction: tf.Scalar;
  /** Nats per image of the batch; an image without a posterior has none. */
  readonly kl: tf.Scalar;
}

/**
 * The loss of one pass.
 *
 * @param target [B, S, S, C], 0…1
 * @param mask [B, S, S, 1], 1 = occluded
 * @param klShare 0…1: how much of the KL's weight holds in this epoch
 */
export function computeLoss(
  config: LossConfig,
  { restored, kl, extra }: Pick<Pass, 'restored' | 'kl' | 'extra'>,
  target: tf.Tensor4D,
  mask: tf.Tensor4D,
  klShare: number,
): Loss {
  const pixel = pixelLoss(config, restored, target, mask);
  const reconstruction =
    config.ssim === 0
      ? pixel
      : tf.add<tf.Scalar>(pixel, tf.mul(structureLoss(restored, target, mask), config.ssim));
  const pixels = target.shape[1] * target.shape[2];
  const costly = tf.mean(tf.relu(tf.sub(kl, config.freeNats)));
  const weighted = tf.mul(costly, (config.kl * klShare) / pixels);
  const ours = tf.add<tf.Scalar>(reconstruction, weighted);
  return { total: extra ? tf.add(ours, extra) : ours, reconstruction, kl: tf.mean(kl) };
}

/** How much of the KL's weight holds in an epoch, counted from 1. */
export function klShareAt({ klWarmup }: LossConfig, epoch: number): number {
  return klWarmup === 0 ? 1 : Math.min(1, epoch / klWarmup);
}

/** Mean error of the pixels, those in the hole with weight 1 and the others with `known`. */
function pixelLoss(
  { pixel, known }: LossConfig,
  restored: tf.Tensor4D,
  target: tf.Tensor4D,
  mask: tf.Tensor4D,
): tf.Scalar {
  const difference = tf.sub(restored, target);
  const error = pixel === 'mse' ? tf.square(difference) : tf.abs(difference);
  if (known === 1) return tf.mean(error);
  const weight = tf.add(tf.mul(mask, 1 - known), known); // [B, S, S, 1]
  const total = tf.mul(tf.sum(weight), target.shape[3]);
  return tf.div(tf.sum(tf.mul(error, weight)), total);
}

function structureLoss(restored: tf.Tensor4D, target: tf.Tensor4D, mask: tf.Tensor4D): tf.Scalar {
  const composite = tf.add(target, tf.mul(tf.sub(restored, target), mask)) as tf.Tensor4D;
  return tf.sub(1, graphSsim(composite, target));
}
