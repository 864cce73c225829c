/**
 * A shard of a batch: some of its images, whose gradients are computed alone. All that comes of it is one
 * array, which threads can share: for each parameter its gradient, or for a running statistic that of
 * these images, then the losses.
 */

import * as tf from '@tensorflow/tfjs-core';
import { type ParamSpec, type Params, sizeOf } from '../params.js';
import { type Derivatives, differentiate, type Losses, type Objective } from './step.js';
import { toTensors, type Values } from './values.js';

/** What the layout of a result depends on. */
type Layout = Pick<Objective, 'specs' | 'losses'>;

/** Numbers that come of a shard. */
export function resultLength({ specs, losses }: Layout): number {
  return parametersLength(specs) + losses.length;
}

export function parametersLength(specs: readonly ParamSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** @returns how many values each batch norm had for a channel, by its name */
export function computeShard(
  objective: Objective,
  params: Params,
  shard: Values,
  result: Float32Array,
): ReadonlyMap<string, number> {
  const batch = toTensors(shard);
  const pass = differentiate(objective, params, batch, 0);
  const statistics = pass.moments.flatMap(({ name, mean, variance }) => [
    [`${name}.running_mean`, mean] as const,
    [`${name}.running_var`, variance] as const,
  ]);
  const values = { ...pass.gradients, ...Object.fromEntries(statistics) };
  const end = writeValues(objective.specs, values, result);
  result.set(
    objective.losses.map((name) => pass.losses[name]!.dataSync()[0]!),
    end,
  );
  tf.dispose([values, pass.losses, batch]);
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
  { specs, losses: names }: Layout,
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
  const losses = mean.subarray(mean.length - names.length);
  const scalars = names.map((name, i) => [name, tf.scalar(losses[i]!)]);
  const trainable = specs.filter((spec) => spec.trainable).map(({ name }) => name);
  return {
    gradients: Object.fromEntries(trainable.map((name) => [name, values[name]!])),
    losses: Object.fromEntries(scalars) as Losses,
    moments: [...counts].map(([name, count]) => ({
      name,
      mean: values[`${name}.running_mean`]!,
      variance: values[`${name}.running_var`]!,
      count,
    })),
  };
}
