/**
 * A shard of a batch: some of its images, whose gradients are computed alone. What comes of it is a list of
 * entries: of each parameter the gradient, or for a running statistic that of these images, and the losses.
 */
import { blend } from '@pipe-experiment/kernels/fused.js';
import { tensorFrom } from '@pipe-experiment/kernels/shared-values.js';
import type * as tf from '@tensorflow/tfjs-core';
import { type Shape, sizeOf } from '../params.js';
import type { Derivatives, Objective } from './step.js';

/** What the entries depend on. */
export type Layout = Pick<Objective, 'specs' | 'losses'>;

export interface Entry {
  readonly name: string;
  readonly shape: Shape;
  /** Where its values are in an array of all entries. */
  readonly at: number;
  /** The member of a team that joins it: a number from 0. */
  readonly owner: number;
}

/** Tensors by the names of entries. */
export type Result = Readonly<Record<string, tf.Tensor>>;

/** Of a loss; no parameter has such a name. */
export const lossName = (loss: string) => `loss ${loss}`;
const meanName = (layer: string) => `${layer}.running_mean`;
const varianceName = (layer: string) => `${layer}.running_var`;

/** Gives each member about as many trained values, and the first all that is not trained. */
export function entriesOf({ specs, losses }: Layout, members: number): readonly Entry[] {
  const trained = specs.filter(({ trainable }) => trainable);
  const owners = new Map<string, number>();
  const load = Array.from({ length: members }, () => 0);
  for (const { name, shape } of trained.toSorted((a, b) => sizeOf(b.shape) - sizeOf(a.shape))) {
    const owner = load.indexOf(Math.min(...load));
    owners.set(name, owner);
    load[owner]! += sizeOf(shape);
  }
  const scalars = losses.map((name): { name: string; shape: Shape } => ({
    name: lossName(name),
    shape: [],
  }));
  let at = 0;
  return [...specs, ...scalars].map(({ name, shape }) => {
    const entry = { name, shape, at, owner: owners.get(name) ?? 0 };
    at += sizeOf(shape);
    return entry;
  });
}

/** Numbers in an array of all entries. */
export function lengthOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** The part of such an array that has the values of an entry. */
export function partOf(array: Float32Array, { at, shape }: Entry): Float32Array {
  return array.subarray(at, at + sizeOf(shape));
}

export function readEntry(array: Float32Array, entry: Entry): tf.Tensor {
  return tensorFrom(partOf(array, entry), entry.shape);
}

/** Takes the derivatives over. */
export function resultOf({ gradients, moments, losses }: Derivatives): Result {
  const statistics = moments.flatMap(({ name, mean, variance }) => [
    [meanName(name), mean] as const,
    [varianceName(name), variance] as const,
  ]);
  const named = Object.entries(losses).map(([name, loss]) => [lossName(name), loss] as const);
  return { ...gradients, ...Object.fromEntries([...statistics, ...named]) };
}

/** The moments of the layers of `like` that a result has. */
export function momentsOf(result: Result, like: Derivatives['moments']): Derivatives['moments'] {
  return like
    .filter(({ name }) => meanName(name) in result)
    .map(({ name, count }) => {
      return { name, count, mean: result[meanName(name)]!, variance: result[varianceName(name)]! };
    });
}

/**
 * Σ share · values of a shard, in the order of the shards, so that the bytes do not depend on who computed
 * them. Takes the values over.
 */
export function joinShards(values: readonly tf.Tensor[], shares: readonly number[]): tf.Tensor {
  const [first, second, ...others] = values;
  let sum = blend(first!, second!, shares[0]!, shares[1]!);
  for (const [i, value] of others.entries()) {
    const next = blend(sum, value, 1, shares[i + 2]!);
    sum.dispose();
    sum = next;
  }
  for (const value of values) value.dispose();
  return sum;
}
