/**
 * Layers as pure functions of the parameters, and the specs of the parameters they need.
 *
 * Images are [batch, height, width, channels]. First values are PyTorch's: weights and biases
 * uniform in ±1/√fan_in (`kaiming_uniform_` with a = √5), where a transposed convolution counts
 * its fan-in, as PyTorch does, from the output channels.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type ParamSpec, type Params, param, type Shape } from './params.js';

export type Padding = 'valid' | 'same';

/** k×k convolution: filter [k, k, inputs, outputs]. */
export function convSpecs(name: string, k: number, inputs: number, outputs: number): ParamSpec[] {
  return affineSpecs(name, [k, k, inputs, outputs], outputs, k * k * inputs);
}

/** [B, H, W, inputs] → [B, H', W', outputs]. */
export function conv(
  params: Params,
  name: string,
  x: tf.Tensor4D,
  padding: Padding,
  stride = 1,
): tf.Tensor4D {
  const out = tf.conv2d(x, weight(params, name) as tf.Tensor4D, stride, padding);
  return tf.add(out, bias(params, name));
}

/** k×k transposed convolution: filter [k, k, outputs, inputs]. */
export function convTransposeSpecs(
  name: string,
  k: number,
  inputs: number,
  outputs: number,
): ParamSpec[] {
  return affineSpecs(name, [k, k, outputs, inputs], outputs, k * k * outputs);
}

/**
 * [B, H, W, inputs] → [B, size, size, outputs]. With `valid` size is (H − 1)·stride + k; with
 * `same` any size that a convolution of this stride would bring back to H.
 */
export function convTranspose(
  params: Params,
  name: string,
  x: tf.Tensor4D,
  size: number,
  stride: number,
  padding: Padding,
): tf.Tensor4D {
  const filter = weight(params, name) as tf.Tensor4D;
  const shape: [number, number, number, number] = [x.shape[0], size, size, filter.shape[2]];
  const out = tf.conv2dTranspose(x, filter, shape, stride, padding);
  return tf.add(out, bias(params, name));
}

/** Dense: weight [inputs, outputs]. */
export function denseSpecs(name: string, inputs: number, outputs: number): ParamSpec[] {
  return affineSpecs(name, [inputs, outputs], outputs, inputs);
}

/** [B, inputs] → [B, outputs]. */
export function dense(params: Params, name: string, x: tf.Tensor2D): tf.Tensor2D {
  return tf.add(tf.matMul(x, weight(params, name) as tf.Tensor2D), bias(params, name));
}

/** max(x, slope · x); slope 1 is the identity. */
export function leaky<T extends tf.Tensor>(x: T, slope: number): T {
  return slope === 1 ? x : (tf.leakyRelu(x, slope) as T);
}

/** Halves the sides: rounded down with `valid`, up with `same`. */
export function maxPool2(x: tf.Tensor4D, padding: Padding): tf.Tensor4D {
  return tf.maxPool(x, 2, 2, padding);
}

function affineSpecs(name: string, shape: Shape, outputs: number, fanIn: number): ParamSpec[] {
  const init = { kind: 'uniform', bound: 1 / Math.sqrt(fanIn) } as const;
  return [
    { name: `${name}.weight`, shape, init, trainable: true },
    { name: `${name}.bias`, shape: [outputs], init, trainable: true },
  ];
}

function weight(params: Params, name: string): tf.Tensor {
  return param(params, `${name}.weight`);
}

function bias(params: Params, name: string): tf.Tensor {
  return param(params, `${name}.bias`);
}
