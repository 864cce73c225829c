/**
 * Layers as pure functions of the parameters, and the specs of the parameters they need.
 *
 * Images are [batch, height, width, channels]. First values are PyTorch's unless said: weights and
 * biases uniform in ±1/√fan_in (`kaiming_uniform_` with a = √5), where a transposed convolution
 * counts its fan-in, as PyTorch does, from the output channels.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Init, type ParamSpec, type Params, param, type Shape } from './params.js';

export type Padding = 'valid' | 'same';

/**
 * How the weights of a layer start: PyTorch's way, or such that a leaky ReLU after it keeps the
 * variance (He et al. 2015) with biases of zero, or all zero.
 */
export type Start = 'pytorch' | 'he' | 'zero';

/** k×k convolution: filter [k, k, inputs, outputs]. */
export function convSpecs(
  name: string,
  k: number,
  inputs: number,
  outputs: number,
  start: Start = 'pytorch',
): ParamSpec[] {
  return affineSpecs(name, [k, k, inputs, outputs], outputs, k * k * inputs, start);
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

/**
 * k×k transposed convolution: filter [k, k, outputs, inputs]. With stride s each of its outputs
 * sees (k/s)² taps of all inputs, which is the fan-in of a start that keeps the variance.
 */
export function convTransposeSpecs(
  name: string,
  k: number,
  inputs: number,
  outputs: number,
  start: Start = 'pytorch',
  stride = 1,
): ParamSpec[] {
  const fanIn = start === 'pytorch' ? k * k * outputs : (k / stride) ** 2 * inputs;
  return affineSpecs(name, [k, k, outputs, inputs], outputs, fanIn, start);
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

function affineSpecs(
  name: string,
  shape: Shape,
  outputs: number,
  fanIn: number,
  start: Start = 'pytorch',
): ParamSpec[] {
  const [weight, bias] = STARTS[start](fanIn);
  return [
    { name: `${name}.weight`, shape, init: weight, trainable: true },
    { name: `${name}.bias`, shape: [outputs], init: bias, trainable: true },
  ];
}

const ZERO: Init = { kind: 'constant', value: 0 };
const uniform = (bound: number): Init => ({ kind: 'uniform', bound });
/** Of the leaky ReLUs that follow a layer started by `he`. */
const HE_SLOPE = 0.2;

/** First values of weights and biases, by fan-in. */
const STARTS: Readonly<Record<Start, (fanIn: number) => [weight: Init, bias: Init]>> = {
  pytorch: (fanIn) => [uniform(1 / Math.sqrt(fanIn)), uniform(1 / Math.sqrt(fanIn))],
  he: (fanIn) => [uniform(Math.sqrt(6 / ((1 + HE_SLOPE ** 2) * fanIn))), ZERO],
  zero: () => [ZERO, ZERO],
};

function weight(params: Params, name: string): tf.Tensor {
  return param(params, `${name}.weight`);
}

function bias(params: Params, name: string): tf.Tensor {
  return param(params, `${name}.bias`);
}
