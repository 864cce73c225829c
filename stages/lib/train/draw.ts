/**
 * What an epoch trains on: its images in their order, mirrored or not, with their masks, and the
 * noise of the latent. All of it depends on the seed, the epoch and the image or batch alone, never
 * on what was drawn before: so any batch can be drawn anywhere, at any time.
 */

import { createRandom } from '@pipe-experiment/data/random.js';
import { type Shape, sizeOf } from '@pipe-experiment/networks/params.js';
import type { ImageSet, Pictures } from '../images.js';
import type { ModelConfig } from '../nn/model-config.js';
import { augment } from './augment.js';
import { type BatchValues, fillBatch } from './batch.js';
import type { TrainConfig } from './config.js';
import type { MaskSource } from './data.js';
import type { KeptFills } from './kept-fills.js';

/** A batch as numbers, with its noise. */
export interface Drawn extends BatchValues {
  /** Standard normal [B, ...network.noise]. */
  readonly noise: Float32Array;
}

/** The batches of an epoch. */
export interface EpochPlan {
  readonly epoch: number;
  readonly batches: number;
  /** Images in each batch. */
  readonly length: number;
  /** Indices of the images, batch after batch. */
  readonly order: readonly number[];
}

/** What drawing needs of a configuration. */
export interface DrawConfig {
  readonly train: Pick<TrainConfig, 'seed' | 'flip' | 'turns' | 'zoom' | 'pool'>;
  readonly model: Pick<ModelConfig, 'prefill'>;
  /** Shape of the latent noise of one image. */
  readonly noise: Shape;
}

/** What batches are drawn from. */
export interface DrawSource {
  readonly images: Pick<ImageSet, 'data' | 'size' | 'channels'>;
  /** What magnified parts are cut from. */
  readonly pictures: Pictures;
  readonly masks: MaskSource;
  /** Of the pool, where there is one. */
  readonly fills: KeptFills | undefined;
}

/**
 * The images of an epoch in a seeded order. The last, smaller batch is left out: its images differ
 * in every epoch.
 */
export function planEpoch(
  { seed, batch }: Pick<TrainConfig, 'seed' | 'batch'>,
  train: readonly number[],
  epoch: number,
): EpochPlan {
  const order = createRandom(seed, 'order', epoch).shuffle([...train]);
  const length = Math.min(batch, order.length);
  return { epoch, order, length, batches: Math.floor(order.length / length) };
}

/** Batch `index` of an epoch, counted from 0. */
export function drawBatch(
  { train, model, noise }: DrawConfig,
  { images: { data, size, channels }, pictures, masks, fills }: DrawSource,
  { epoch, order, length }: EpochPlan,
  index: number,
): Drawn {
  const images = order.slice(index * length, (index + 1) * length);
  const row = (all: Uint8Array, side: number, image: number) => {
    const length = side * side * channels;
    return all.subarray(image * length, (image + 1) * length);
  };
  // With a pool, images and masks of an epoch come again; their order and the noise do not.
  const round = train.pool === 0 ? epoch : 1 + ((epoch - 1) % train.pool);
  const pixels = images.map((image) => {
    const views = {
      size,
      channels,
      image: row(data, size, image),
      picture: row(pictures.data, pictures.side, image),
    };
    return augment(views, train, round, image);
  });
  const examples = {
    size,
    channels,
    images: pixels,
    masks: images.map((image) => masks.train(image, round)),
  };
  return {
    ...fillBatch(
      examples,
      model.prefill,
      fills && { fills, keys: images.map((image) => `${image},${round}`) },
    ),
    noise: drawNoise(length * sizeOf(noise), train.seed, epoch, index),
  };
}

function drawNoise(length: number, seed: number, epoch: number, index: number): Float32Array {
  const random = createRandom(seed, 'noise', epoch, index);
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) values[i] = random.normal();
  return values;
}
