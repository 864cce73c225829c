/**
 * A shard of a batch: some of its images, whose gradients are computed alone. All that comes of it is one
 * array, which threads can share: for each parameter its gradient, or for a running statistic that of
 * these images, then the three losses.
 */

import { type ParamSpec, type Params, sizeOf } from '@pipe-experiment/networks/params.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Network } from '../nn/network.js';
import { disposeBatch, toTensors } from './batch.js';
import type { Drawn } from './draw.js';
import { type Derivatives, differentiate, type StepLoss, type StepOptions } from './step.js';

export type ShardOptions = Pick<StepOptions, 'loss' | 'klShare'>;

const LOSSES = ['reconstruction', 'kl', 'total'] as const satisfies readonly (keyof StepLoss)[];

/** Numbers that come of a shard. */
export function resultLength(specs: readonly ParamSpec[]): number {
  return parametersLength(specs) + LOSSES.length;
}

export function parametersLength(specs: readonly ParamSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** The images of shard `index` of `count`, which are next to each other. */
export function shardOf(drawn: Drawn, index: number, count: number): Drawn {
  const [first, end] = [index, index + 1].map((i) => Math.floor((i * drawn.count) / count)) as [
    number,
    number,
  ];
  const some = (values: Float32Array) => {
    const each = values.length / drawn.count;
    return values.slice(first * each, end * each);
  };
  return {
    ...drawn,
    count: end - first,
    target: some(drawn.target),
    filled: some(drawn.filled),
    spread: some(drawn.spread),
    mask: some(drawn.mask),
    noise: some(drawn.noise),
  };
}

/** @returns how many values each batch norm had for a channel, by its name */
export function computeShard(
  network: Network,
  params: Params,
  drawn: Drawn,
  options: ShardOptions,
  result: Float32Array,
): ReadonlyMap<string, number> {
  const batch = toTensors(drawn);
  const noise = tf.tensor(drawn.noise, [drawn.count, ...network.noise]);
  const pass = differentiate(network, params, batch, noise, { ...options, clip: 0 });
  const statistics = pass.moments.flatMap(({ name, mean, variance }) => [
    [`${name}.running_mean`, mean] as const,
    [`${name}.running_var`, variance] as const,
  ]);
  const values = { ...pass.gradients, ...Object.fromEntries(statistics) };
  const end = writeValues(network.specs, values, result);
  result.set(
    LOSSES.map((part) => pass.loss[part].dataSync()[0]!),
    end,
  );
  tf.dispose([values, Object.values(pass.loss), noise]);
  disposeBatch(batch);
  return new Map(pass.moments.map(({ name, count }) => [name, count]));
}

/** One after the other, in the order of the specs. */
export function writeValues(specs: readonly ParamSpec[], values: Params, to: Float32Array): number {
  let at = 0;
  for (const { name, shape } of specs) {
    to.set(values[name]!.dataSync() as Float32Array, at);
    at += sizeOf(shape);
  }
  return at;
}

/** New tensors. */
export function readValues(specs: readonly ParamSpec[], from: Float32Array): Params {
  let at = 0;
  return Object.fromEntries(
    specs.map(({ name, shape }) => {
      const length = sizeOf(shape);
      at += length;
      return [name, tf.tensor(from.slice(at - length, at), [...shape])];
    }),
  );
}

/**
 * The derivatives of a batch from those of its shards: their means, weighed by their images and added in
 * the order of the shards, so that the bytes do not depend on who computed them.
 *
 * @param counts of the first shard's batch norms
 */
export function joinShards(
  specs: readonly ParamSpec[],
  results: readonly Float32Array[],
  images: readonly number[],
  counts: ReadonlyMap<string, number>,
): Derivatives {
  const all = images.reduce((sum, count) => sum + count, 0);
  const mean = new Float32Array(results[0]!.length);
  for (const [shard, result] of results.entries()) {
    const share = images[shard]! / all;
    for (let i = 0; i < mean.length; i++) mean[i]! += result[i]! * share;
  }
  const values = readValues(specs, mean);
  const losses = mean.subarray(mean.length - LOSSES.length);
  const scalars = LOSSES.map((part, i) => [part, tf.scalar(losses[i]!)]);
  const trainable = specs.filter((spec) => spec.trainable).map(({ name }) => name);
  return {
    gradients: Object.fromEntries(trainable.map((name) => [name, values[name]!])),
    loss: Object.fromEntries(scalars) as StepLoss,
    moments: [...counts].map(([name, count]) => ({
      name,
      mean: values[`${name}.running_mean`]!,
      variance: values[`${name}.running_var`]!,
      count,
    })),
  };
}
