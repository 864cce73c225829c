/** A network's parameters: their names, shapes and first values as data, their tensors by name. */

import { createRandom } from '@pipe-experiment/data/random.js';
import * as tf from '@tensorflow/tfjs-core';

export type Shape = readonly number[];

/** Tensors by name, such as `enc1.conv1.weight`. */
export type Params = Readonly<Record<string, tf.Tensor>>;

export type Init =
  | { readonly kind: 'constant'; readonly value: number }
  /** Uniform in ±bound. */
  | { readonly kind: 'uniform'; readonly bound: number };

export interface ParamSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly init: Init;
  /** False for what is not learned but tracked: the running statistics of a batch norm. */
  readonly trainable: boolean;
}

/** How many numbers are learned. Works on shapes alone: nothing is allocated. */
export function countParams(specs: readonly ParamSpec[]): number {
  return specs
    .filter(({ trainable }) => trainable)
    .reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

export function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

/**
 * The first values. Each parameter draws from a stream named by the seed and its own name, so that
 * it does not depend on which others there are.
 */
export function initParams(specs: readonly ParamSpec[], seed: number): Params {
  return Object.fromEntries(
    specs.map((spec) => [spec.name, tf.tensor(initialValues(spec, seed), [...spec.shape])]),
  );
}

function initialValues({ name, shape, init }: ParamSpec, seed: number): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  switch (init.kind) {
    case 'constant':
      return values.fill(init.value);
    case 'uniform': {
      const random = createRandom(seed, 'init', name);
      for (let i = 0; i < values.length; i++) values[i] = random.between(-init.bound, init.bound);
      return values;
    }
    default:
      throw new TypeError(`unknown init: ${JSON.stringify(init satisfies never)}`);
  }
}

/** The tensor `name`, or an error that names it: a wrong name is a bug, not an undefined. */
export function param(params: Params, name: string): tf.Tensor {
  const tensor = params[name];
  if (!tensor) throw new Error(`no parameter ${name}; there are ${Object.keys(params).join(', ')}`);
  return tensor;
}

export function disposeParams(params: Params): void {
  tf.dispose(Object.values(params));
}
