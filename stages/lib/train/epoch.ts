/** One epoch of training: every image once, in a seeded order, and what it gave. */
import * as tf from '@tensorflow/tfjs-core';
import { klShareAt } from '../nn/losses.js';
import type { Network } from '../nn/network.js';
import { sizeOf } from '../nn/params.js';
import { createRandom } from '../random.js';
import { ADAM_DEFAULTS } from './adam.js';
import { type Batch, createBatch, disposeBatch } from './batch.js';
import { type Config, learningRateAt } from './config.js';
import type { TrainingData } from './data.js';
import { type StepLoss, trainStep, type Weights } from './step.js';

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
  /** Called after each batch; throws to stop. */
  readonly onBatch: (done: number, total: number) => void;
}

/**
 * Trains epoch `epoch`, counted from 1. What is drawn (order, masks, mirroring, noise) depends on
 * the seed, the epoch and the image or batch alone, never on what was drawn before: so an epoch is
 * a function of the weights it starts from.
 */
export async function trainEpoch(
  config: Config,
  network: Network,
  data: TrainingData,
  start: Weights,
  epoch: number,
  { onBatch }: EpochHooks,
): Promise<EpochResult> {
  const { seed, batch: size } = config.train;
  const order = createRandom(seed, 'order', epoch).shuffle([...data.train]);
  // The last, smaller batch is left out: its images differ in every epoch.
  const length = Math.min(size, order.length);
  const batches = Math.floor(order.length / length);
  let weights = start;
  let sums: StepLoss | undefined;
  for (let index = 0; index < batches; index++) {
    const images = order.slice(index * length, (index + 1) * length);
    const batch = drawBatch(config, data, images, epoch);
    const noise = drawNoise(network, length, seed, epoch, index);
    const step = trainStep(network, weights, batch, noise, optionsAt(config, weights, epoch));
    weights = step.weights;
    sums = addLosses(sums, step.loss);
    noise.dispose();
    disposeBatch(batch);
    onBatch(index + 1, batches);
    await yieldToEvents();
  }
  return { weights, losses: await readLosses(sums!, batches) };
}

function optionsAt({ train, model }: Config, { adam }: Weights, epoch: number) {
  return {
    adam: { ...ADAM_DEFAULTS, learningRate: learningRateAt(train, adam.step + 1, epoch) },
    loss: model.loss,
    klShare: klShareAt(model.loss, epoch),
    ema: train.ema,
  };
}

function drawBatch(config: Config, data: TrainingData, images: number[], epoch: number): Batch {
  const { size, channels } = data.images;
  const length = size * size * channels;
  const pixels = images.map((image) => {
    const bytes = data.images.data.subarray(image * length, (image + 1) * length);
    const mirrored = config.train.flip && mirrors(config.train.seed, epoch, image);
    return mirrored ? mirror(bytes, size, channels) : bytes;
  });
  const masks = images.map((image) => data.masks.train(image, epoch));
  return createBatch({ size, channels, images: pixels, masks }, config.model.prefill);
}

function mirrors(seed: number, epoch: number, image: number): boolean {
  return createRandom(seed, 'flip', epoch, image).int(2) === 1;
}

/** Left to right. */
function mirror(image: Uint8Array, size: number, channels: number): Uint8Array {
  const out = new Uint8Array(image.length);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = (y * size + x) * channels;
      const to = (y * size + size - 1 - x) * channels;
      for (let channel = 0; channel < channels; channel++)
        out[to + channel] = image[from + channel]!;
    }
  }
  return out;
}

function drawNoise(
  network: Network,
  count: number,
  seed: number,
  epoch: number,
  index: number,
): tf.Tensor {
  const random = createRandom(seed, 'noise', epoch, index);
  const values = new Float32Array(count * sizeOf(network.noise));
  for (let i = 0; i < values.length; i++) values[i] = random.normal();
  return tf.tensor(values, [count, ...network.noise]);
}

function addLosses(sums: StepLoss | undefined, step: StepLoss): StepLoss {
  if (!sums) return step;
  const added = tf.tidy(() => ({
    reconstruction: tf.add<tf.Scalar>(sums.reconstruction, step.reconstruction),
    kl: tf.add<tf.Scalar>(sums.kl, step.kl),
    total: tf.add<tf.Scalar>(sums.total, step.total),
  }));
  for (const { reconstruction, kl, total } of [sums, step]) tf.dispose([reconstruction, kl, total]);
  return added;
}

async function readLosses(sums: StepLoss, batches: number): Promise<EpochLoss> {
  const mean = async (scalar: tf.Scalar) => {
    const [value] = await scalar.data();
    scalar.dispose();
    return value! / batches;
  };
  return {
    loss: await mean(sums.total),
    reconstruction: await mean(sums.reconstruction),
    kl: await mean(sums.kl),
  };
}

/** Lets signals and messages through between batches. */
function yieldToEvents(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
