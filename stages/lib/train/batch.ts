/** Batches: images and masks as numbers and as tensors, the hole pre-filled. */
import { toTensors, type Values } from '@pipe-experiment/networks/training/values.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Occluded } from '../nn/network.js';
import { type Prefill, prefill } from '../nn/prefill.js';
import type { KeptFills } from './kept-fills.js';

/** B images as bytes, as they go into a batch. */
export interface Examples {
  readonly size: number;
  readonly channels: number;
  /** Each uint8 [size, size, channels]. */
  readonly images: readonly Uint8Array[];
  /** Each uint8 [size, size], 1 = occluded. */
  readonly masks: readonly Uint8Array[];
}

/** Where pre-fills are kept, and the key of each image in it. */
export interface Kept {
  readonly fills: KeptFills;
  readonly keys: readonly string[];
}

/** The numbers of a batch of B images of S×S pixels with C channels, 0…1. */
export interface BatchValues {
  readonly count: number;
  readonly size: number;
  readonly channels: number;
  /** [B, S, S, C]: the images as they are. */
  readonly target: Float32Array;
  /** [B, S, S, C]: the image where it is known, the mean of the pre-fills where it is not. */
  readonly filled: Float32Array;
  /** [B, S, S, (K − 1)·C]: how far each of K pre-fills, but the last, lies from their mean; empty with one. */
  readonly spread: Float32Array;
  /** [B, S, S, 1]: 1 = occluded. */
  readonly mask: Float32Array;
}

/** Tensors of a batch; the caller disposes them. */
export interface Batch extends Occluded {
  /** [B, S, S, C], 0…1: the images as they are. */
  readonly target: tf.Tensor4D;
}

export function fillBatch(
  { size, channels, images, masks }: Examples,
  kinds: readonly Prefill[],
  kept?: Kept,
): BatchValues {
  const count = images.length;
  const length = size * size * channels;
  const target = new Float32Array(count * length);
  const filled = new Float32Array(count * length);
  const others = kinds.length - 1;
  const spread = new Float32Array(count * length * others);
  const mask = new Float32Array(count * size * size);
  for (const [i, image] of images.entries()) {
    for (let j = 0; j < length; j++) target[i * length + j] = image[j]! / 255;
    const mean = filled.subarray(i * length, (i + 1) * length);
    const part = spread.subarray(i * length * others, (i + 1) * length * others);
    const given = [kinds, image, masks[i]!, size, channels, mean, part] as const;
    if (kept) kept.fills.prefill(kept.keys[i]!, ...given);
    else prefill(...given);
    mask.set(masks[i]!, i * size * size);
  }
  return { count, size, channels, target, filled, spread, mask };
}

/** The spread only where there is one. */
export function arraysOf(batch: BatchValues): Values {
  const { count, size, channels, target, filled, spread, mask } = batch;
  const depth = spread.length / (count * size * size);
  const image = [size, size, channels];
  return {
    count,
    arrays: {
      target: { shape: image, values: target },
      filled: { shape: image, values: filled },
      ...(depth > 0 && { spread: { shape: [size, size, depth], values: spread } }),
      mask: { shape: [size, size, 1], values: mask },
    },
  };
}

export function createBatch(examples: Examples, kinds: readonly Prefill[]): Batch {
  return toTensors(arraysOf(fillBatch(examples, kinds))) as unknown as Batch;
}

export function disposeBatch(batch: Batch): void {
  tf.dispose({ ...batch });
}
