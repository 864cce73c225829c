/**
 * A shard of a batch: some of its images, whose gradients are computed alone. Threads share what comes of
 * it as one array.
 */
import { blend } from '@pipe-experiment/kernels/fused.js';
import { tensorFrom, viewOf } from '@pipe-experiment/kernels/shared-values.js';
import * as tf from '@tensorflow/tfjs-core';
import { type ParamSpec, type Params, sizeOf } from '../params.js';
import type { Derivatives, Losses, Objective } from './step.js';
import { mapped } from './values.js';

/** What the layout of a result depends on. */
export type Layout = Pick<Objective, 'specs' | 'losses'>;

/** What comes of a shard. */
export interface ShardResult {
  /** Of each parameter the gradient, or for a running statistic that of these images. */
  readonly values: Params;
  readonly losses: Losses;
}

/** Numbers in an array of a result. */
export function resultLength({ specs, losses }: Layout): number {
  return parametersLength(specs) + losses.length;
}

export function parametersLength(specs: readonly ParamSpec[]): number {
  return specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** Takes the derivatives over. */
export function resultOf({ gradients, moments, losses }: Derivatives): ShardResult {
  const statistics = moments.flatMap(({ name, mean, variance }) => [
    [`${name}.running_mean`, mean] as const,
    [`${name}.running_var`, variance] as const,
  ]);
  return { values: { ...gradients, ...Object.fromEntries(statistics) }, losses };
}

/** Takes the result over. */
export function writeResult(layout: Layout, result: ShardResult, to: Float32Array): void {
  const { values, losses } = result;
  const end = writeValues(layout.specs, values, to);
  for (const [i, name] of layout.losses.entries()) to.set(viewOf(losses[name]!), end + i);
  tf.dispose([values, losses]);
}

function readResult({ specs, losses: names }: Layout, from: Float32Array): ShardResult {
  const end = parametersLength(specs);
  const losses = names.map((name, i) => [name, tf.scalar(from[end + i]!)] as const);
  return { values: readValues(specs, from), losses: Object.fromEntries(losses) as Losses };
}

/** One after the other, in the order of the specs. */
export function writeValues(specs: readonly ParamSpec[], values: Params, to: Float32Array): number {
  let at = 0;
  for (const { name, shape } of specs) {
    to.set(viewOf(values[name]!), at);
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
      return [name, tensorFrom(from.subarray(at - length, at), shape)];
    }),
  );
}

/**
 * The derivatives of a batch from those of its shards: their means, weighed by their images and added in
 * the order of the shards, so that the bytes do not depend on who computed them. Takes the results over.
 *
 * @param results as tensors, or as the array that another thread wrote
 * @param moments of a shard: names of the batch norms, and how many values each had for a channel
 */
export function joinShards(
  layout: Layout,
  results: readonly (ShardResult | Float32Array)[],
  images: readonly number[],
  moments: Derivatives['moments'],
): Derivatives {
  const all = images.reduce((sum, count) => sum + count, 0);
  const shares = images.map((count) => count / all);
  const parts = results.map((each) =>
    each instanceof Float32Array ? readResult(layout, each) : each,
  );
  const values = meanOf(
    parts.map((part) => part.values),
    shares,
  );
  const losses = meanOf(
    parts.map((part) => part.losses),
    shares,
  );
  tf.dispose(parts.map((part) => [part.values, part.losses]));
  const trainable = layout.specs.filter((spec) => spec.trainable).map(({ name }) => name);
  return {
    gradients: Object.fromEntries(trainable.map((name) => [name, values[name]!])),
    losses: losses as Losses,
    moments: moments.map(({ name, count }) => ({
      name,
      mean: values[`${name}.running_mean`]!,
      variance: values[`${name}.running_var`]!,
      count,
    })),
  };
}

/** Σ share · values of a shard, by name, in the order of the shards. */
function meanOf(parts: readonly Params[], shares: readonly number[]): Record<string, tf.Tensor> {
  const [first, second, ...others] = parts;
  return mapped(first!, (x, name) => {
    let sum = blend(x, second![name]!, shares[0]!, shares[1]!);
    for (const [i, part] of others.entries()) {
      const next = blend(sum, part[name]!, 1, shares[i + 2]!);
      sum.dispose();
      sum = next;
    }
    return sum;
  });
}
