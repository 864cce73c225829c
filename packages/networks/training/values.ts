/** Batches as named arrays of numbers, which threads can draw and share, and as tensors. */
import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '../params.js';

/** A value of `shape` for each example, one after the other. */
export interface NamedArray {
  readonly shape: Shape;
  readonly values: Float32Array;
}

export interface Values {
  /** Examples in the batch. */
  readonly count: number;
  readonly arrays: Readonly<Record<string, NamedArray>>;
}

/** By the names of the arrays, each [count, ...shape]. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** The caller disposes them. */
export function toTensors({ count, arrays }: Values): Tensors {
  return mapped(arrays, ({ shape, values }) => tf.tensor(values, [count, ...shape]));
}

/** The examples of shard `index` of `shards`, which are next to each other. */
export function shardOf({ count, arrays }: Values, index: number, shards: number): Values {
  const startOf = (shard: number) => Math.floor((shard * count) / shards);
  const [first, end] = [startOf(index), startOf(index + 1)];
  return {
    count: end - first,
    arrays: mapped(arrays, ({ shape, values }) => {
      const each = values.length / count;
      return { shape, values: values.slice(first * each, end * each) };
    }),
  };
}

export function mapped<From, To>(
  all: Readonly<Record<string, From>>,
  change: (one: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, change(one, name)]));
}
