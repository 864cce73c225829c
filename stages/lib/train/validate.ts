/** What the network gives on the images kept aside: loss, and SSIM of the composites. */

import type { Params } from '@pipe-experiment/networks/params.js';
import { graphSsim } from '@pipe-experiment/networks/ssim-loss.js';
import * as tf from '@tensorflow/tfjs-core';
import { computeLoss } from '../nn/losses.js';
import type { Network } from '../nn/network.js';
import { createBatch, disposeBatch } from './batch.js';
import type { Config } from './config.js';
import type { TrainingData } from './data.js';

/** A type, not an interface, so that it is a `Metrics`. */
export type Validation = {
  /** Reconstruction loss of the restored images. */
  readonly loss: number;
  /** `wang` of the composites, the known pixels pasted back. */
  readonly ssim: number;
  /** The same of the pre-fill alone: what the network has to add to. */
  readonly ssimPrefill: number;
};

const BATCH = 25;

/** Means over the validation images, each with the one mask it always has; undefined without any. */
export async function validate(
  config: Config,
  network: Network,
  params: Params,
  data: TrainingData,
): Promise<Validation | undefined> {
  const count = data.validation.length;
  if (count === 0) return undefined;
  const sums = { loss: 0, ssim: 0, ssimPrefill: 0 };
  for (let start = 0; start < count; start += BATCH) {
    const images = data.validation.slice(start, start + BATCH);
    const [loss, ssim, ssimPrefill] = await measure(config, network, params, data, images);
    sums.loss += loss! * images.length;
    sums.ssim += ssim! * images.length;
    sums.ssimPrefill += ssimPrefill! * images.length;
  }
  return {
    loss: sums.loss / count,
    ssim: sums.ssim / count,
    ssimPrefill: sums.ssimPrefill / count,
  };
}

async function measure(
  { model }: Config,
  network: Network,
  params: Params,
  { images: { size, channels, data }, masks }: TrainingData,
  images: readonly number[],
): Promise<Iterable<number>> {
  const length = size * size * channels;
  const examples = {
    size,
    channels,
    images: images.map((image) => data.subarray(image * length, (image + 1) * length)),
    masks: images.map((image) => masks.validation(image)),
  };
  const batch = createBatch(examples, model.prefill);
  const results = tf.tidy(() => {
    const restored = network.restore(params, batch, undefined);
    const pass = { restored, kl: tf.zeros([images.length]) as tf.Tensor1D };
    const { reconstruction } = computeLoss(model.loss, pass, batch.target, batch.mask, 0);
    const composite = (x: tf.Tensor4D) =>
      tf.add(batch.target, tf.mul(tf.sub(x, batch.target), batch.mask)) as tf.Tensor4D;
    const quality = (x: tf.Tensor4D) => graphSsim(composite(x), batch.target);
    return tf.stack([reconstruction, quality(restored), quality(batch.filled)]);
  });
  const values = await results.data();
  results.dispose();
  disposeBatch(batch);
  return values as Float32Array;
}
