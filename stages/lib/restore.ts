/** Restoring images with a trained model: load the folder that `train` wrote, give images and masks, get images back. */

import { createRandom } from '@pipe-experiment/data/random.js';
import { type BackendName, openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { countOperations } from '@pipe-experiment/networks/operations.js';
import { disposeParams, sizeOf } from '@pipe-experiment/networks/params.js';
import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from './nn/model-config.js';
import { type Model, readModel } from './nn/model-files.js';
import { restoreSymmetric } from './nn/restore-symmetric.js';
import { createBatch, disposeBatch, type Examples } from './train/batch.js';

/** How a restoration is drawn. */
export interface RestoreOptions {
  /**
   * How many fills to draw from the latent of each image; without it the one fill of the latent's
   * mean (or, for a model whose config says so, of one sample: switch 5 of the paper's code).
   */
  readonly samples?: number;
  /** Seed of the latent noise; 1 unless said. */
  readonly seed?: number;
  /**
   * Index of the first image in the whole set: the noise of an image depends on the seed and its
   * index alone, so a set restored in parts gives the same fills as one restored at once.
   */
  readonly first?: number;
  /** Called after each internal batch, counting images over all samples. */
  readonly progress?: (done: number, total: number) => void;
}

/** What a model folder says of itself. */
export interface ModelInfo {
  readonly arch: string;
  /** How many numbers were learned. */
  readonly parameters: number;
  /** Images are size×size×channels. */
  readonly size: number;
  readonly channels: number;
  /** Images trained on in each epoch. */
  readonly images: number;
  /** Epochs trained. */
  readonly epochs: number;
  readonly config: ModelConfig;
}

export interface Restorer {
  readonly info: ModelInfo;
  /** Train images that the model was not trained on. */
  readonly heldOut: readonly number[];
  /**
   * Restores N images of size×size×channels.
   *
   * @param images uint8 [N, size, size, channels], the originals; what a mask covers is never looked at
   * @param masks uint8 [N, size, size], 1 where the image is occluded
   * @returns float32 [N, size, size, channels] on the scale 0…255, the network's whole output
   *   (the known pixels are not pasted back); with `samples: S` float32 [S, N, size, size, channels]
   */
  restore(images: Uint8Array, masks: Uint8Array, options?: RestoreOptions): Promise<Float32Array>;
  /** Floating-point operations that restore one image, without the fill that the network starts from. */
  countOperations(): Promise<number>;
  /** Frees the weights. */
  dispose(): void;
}

/** Options of `loadModel`. */
export interface LoadOptions {
  /** As `train.backend`; `auto` unless said. */
  readonly backend?: BackendName;
}

/** Images in one pass. */
const BATCH = 25;

/** Reads `weights.safetensors` and `model.json` of a model folder. */
export async function loadModel(folder: string, options: LoadOptions = {}): Promise<Restorer> {
  await openBackend(options.backend ?? 'auto');
  const model = readModel(folder);
  const { size, channels, parameters, images, heldOut, epochs, model: config } = model.file;
  return {
    info: { arch: config.network.arch, parameters, size, channels, images, epochs, config },
    heldOut,
    restore: (images, masks, options = {}) => restoreAll(model, images, masks, options),
    countOperations: () =>
      countOperations(() =>
        restoreAll(model, new Uint8Array(size * size * channels), new Uint8Array(size * size), {}),
      ),
    dispose: () => disposeParams(model.params),
  };
}

async function restoreAll(
  model: Model,
  images: Uint8Array,
  masks: Uint8Array,
  { samples, seed = 1, first = 0, progress }: RestoreOptions,
): Promise<Float32Array> {
  const { size, channels } = model.file;
  const count = checkCount(images, masks, size, channels);
  const length = size * size * channels;
  const rounds = samples ?? 1;
  const drawn = samples !== undefined || model.network.atTest.latent === 'sample';
  const restored = new Float32Array(rounds * count * length);
  for (let start = 0; start < count; start += batchSize(model)) {
    const end = Math.min(count, start + batchSize(model));
    const batch = createBatch(
      pick(images, masks, size, channels, start, end),
      model.file.model.prefill,
    );
    for (let round = 0; round < rounds; round++) {
      const noise = drawn ? drawNoise(model, seed, first + start, first + end, round) : undefined;
      // A sample is one picture; a mean of eight would be none.
      const symmetries = drawn ? 'none' : model.file.model.symmetries;
      const out = restoreSymmetric(model.network, model.params, batch, noise, symmetries);
      const values = await out.data();
      tf.dispose([out, ...(noise ? [noise] : [])]);
      const at = (round * count + start) * length;
      for (let i = 0; i < values.length; i++) restored[at + i] = clampToBytes(values[i]! * 255);
      progress?.(start * rounds + (round + 1) * (end - start), count * rounds);
    }
    disposeBatch(batch);
  }
  return restored;
}

/** The paper's code tests images one by one, each normalised by its own statistics. */
function batchSize({ network }: Model): number {
  return network.atTest.statistics === 'batch' ? 1 : BATCH;
}

function checkCount(images: Uint8Array, masks: Uint8Array, size: number, channels: number): number {
  const count = masks.length / (size * size);
  if (!Number.isInteger(count) || images.length !== masks.length * channels) {
    throw new RangeError(
      `${images.length} bytes of images and ${masks.length} of masks are not a batch of ${size}×${size}×${channels}`,
    );
  }
  return count;
}

function pick(
  images: Uint8Array,
  masks: Uint8Array,
  size: number,
  channels: number,
  start: number,
  end: number,
): Examples {
  const indices = Array.from({ length: end - start }, (_, i) => start + i);
  const part = (bytes: Uint8Array, length: number) =>
    indices.map((index) => bytes.subarray(index * length, (index + 1) * length));
  const pixels = size * size;
  return { size, channels, images: part(images, pixels * channels), masks: part(masks, pixels) };
}

/** Each image's noise is a stream of its own, so that it does not depend on the batch. */
function drawNoise(
  { network }: Model,
  seed: number,
  first: number,
  last: number,
  sample: number,
): tf.Tensor {
  const length = sizeOf(network.noise);
  const values = new Float32Array((last - first) * length);
  for (let image = first; image < last; image++) {
    const random = createRandom(seed, 'latent', image, sample);
    const start = (image - first) * length;
    for (let i = 0; i < length; i++) values[start + i] = random.normal();
  }
  return tf.tensor(values, [last - first, ...network.noise]);
}

function clampToBytes(value: number): number {
  return Math.min(255, Math.max(0, value));
}
