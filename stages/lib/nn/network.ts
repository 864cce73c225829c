/** The one interface that every architecture has: parameters as data, passes as pure functions. */

import type { Moments } from '@pipe-experiment/networks/batchnorm.js';
import type { ParamSpec, Params, Shape } from '@pipe-experiment/networks/params.js';
import type * as tf from '@tensorflow/tfjs-core';

/** What a network sees of a batch. B images of S×S pixels with C channels, values 0…1. */
export interface Occluded {
  /** [B, S, S, C]: the image where it is known, the mean of the pre-fills where it is not. */
  readonly filled: tf.Tensor4D;
  /** [B, S, S, (K − 1)·C]: how far each of K pre-fills, but the last, lies from their mean; absent with one. */
  readonly spread?: tf.Tensor4D;
  /** [B, S, S, 1]: 1 = occluded. */
  readonly mask: tf.Tensor4D;
}

/** What comes of a training pass. */
export interface Pass {
  /** [B, S, S, C], 0…1 (a residual may overshoot). */
  readonly restored: tf.Tensor4D;
  /** [B]: the KL divergence of each image's latent, in nats. */
  readonly kl: tf.Tensor1D;
  /** Terms of the loss that are the network's own, weighted: a critic's, or of an earlier stage. */
  readonly extra?: tf.Scalar;
  /** Statistics of the batch-norm layers, kept for the update of the running ones. */
  readonly moments: readonly Moments[];
}

/** How a network is meant to be used at test: two of the code's slips. */
export interface AtTest {
  /** A draw of the latent (the code), or its mean. */
  readonly latent: 'sample' | 'mean';
  /** Batch norm by the statistics of the one image (the code), or by the running ones. */
  readonly statistics: 'batch' | 'running';
}

export interface Network {
  readonly specs: readonly ParamSpec[];
  /** Shape of the latent noise of one image. */
  readonly noise: Shape;
  readonly atTest: AtTest;
  /**
   * A pass with gradients: `noise` is standard normal [B, ...this.noise]; `share`, 0…1, says how far the
   * warm-up of the loss has come.
   */
  train(params: Params, seen: Occluded, target: tf.Tensor4D, noise: tf.Tensor, share: number): Pass;
  /** A pass without: without noise the latent is its mean. */
  restore(params: Params, seen: Occluded, noise: tf.Tensor | undefined): tf.Tensor4D;
}
