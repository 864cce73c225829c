/**
 * The trunk that the cited networks share: two levels down by strides, dilated residual blocks at a quarter of
 * the side, two levels up.
 */
import type { Tree } from '@pipe-experiment/data/check.js';
import {
  conv,
  convSpecs,
  convTranspose,
  convTransposeSpecs,
  leaky,
} from '@pipe-experiment/networks/layers.js';
import type { ParamSpec, Params } from '@pipe-experiment/networks/params.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Occluded, Pass } from '../lib/nn/network.js';

const SLOPE = 0.2;

/** Of all cited networks: they see the whole hole as one black patch, and are trained on new masks in every epoch. */
export const SHARED_DEFAULTS: Tree = {
  kernel: 'first',
  prefill: 'black',
  masks: 'fresh',
  pixel: 'l1',
  known: 0,
  ssim: 0,
  kl: 0,
  freeNats: 0,
  klWarmup: 0,
};

/** What a network without a latent has in place of one. */
export const NO_LATENT = {
  noise: [1],
  atTest: { latent: 'mean', statistics: 'running' },
} as const;

export interface Hourglass {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Channels at the image's own side; twice and four times as many below. */
  readonly width: number;
  /** A residual block each, at a quarter of the side. */
  readonly dilations: readonly number[];
  /** Channels of another branch that joins before the way up. */
  readonly joined?: number;
  /** `zero`: it gives nothing at first. */
  readonly start: 'zero' | 'he';
}

export function hourglassSpecs(plan: Hourglass): ParamSpec[] {
  const { name, inputs, outputs, width: c, dilations, joined, start } = plan;
  return [
    ...convSpecs(`${name}.in`, 5, inputs, c, 'he'),
    ...convSpecs(`${name}.down1`, 4, c, 2 * c, 'he'),
    ...convSpecs(`${name}.down2`, 4, 2 * c, 4 * c, 'he'),
    ...dilations.flatMap((_, i) => [
      ...convSpecs(`${name}.block${i + 1}.first`, 3, 4 * c, 4 * c, 'he'),
      ...convSpecs(`${name}.block${i + 1}.second`, 3, 4 * c, 4 * c, 'zero'),
    ]),
    ...(joined === undefined ? [] : convSpecs(`${name}.join`, 3, 4 * c + joined, 4 * c, 'he')),
    ...convTransposeSpecs(`${name}.up1`, 4, 4 * c, 2 * c, 'he', 2),
    ...convTransposeSpecs(`${name}.up2`, 4, 2 * c, c, 'he', 2),
    ...convSpecs(`${name}.out`, 5, c, outputs, start),
  ];
}

/** @param beside the other branch, at a quarter of the side */
export function hourglass(
  { name, dilations }: Hourglass,
  params: Params,
  input: tf.Tensor4D,
  beside?: tf.Tensor4D,
): tf.Tensor4D {
  const size = input.shape[1];
  const half = activated(params, `${name}.down1`, activated(params, `${name}.in`, input), 2);
  let x = activated(params, `${name}.down2`, half, 2);
  dilations.forEach((dilation, i) => {
    const block = `${name}.block${i + 1}`;
    const inner = dilated(x, dilation, (phase) => activated(params, `${block}.first`, phase));
    x = leaky(tf.add(x, conv(params, `${block}.second`, inner, 'same')), SLOPE);
  });
  if (beside) x = activated(params, `${name}.join`, tf.concat([x, beside], 3));
  const up = (level: string, side: number, from: tf.Tensor4D) =>
    leaky(convTranspose(params, `${name}.${level}`, from, side, 2, 'same'), SLOPE);
  return conv(params, `${name}.out`, up('up2', size, up('up1', half.shape[1], x)), 'same');
}

export function activated(params: Params, name: string, x: tf.Tensor4D, stride = 1): tf.Tensor4D {
  return leaky(conv(params, name, x, 'same', stride), SLOPE);
}

/** A dilated convolution by parts: each phase of the pixels by itself, since dilated ones have no gradient here. */
export function dilated(
  x: tf.Tensor4D,
  dilation: number,
  layer: (phase: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  if (dilation === 1) return layer(x);
  const over = (length: number): [number, number] => [
    0,
    (dilation - (length % dilation)) % dilation,
  ];
  const rest = [over(x.shape[1]), over(x.shape[2])];
  const phases = tf.spaceToBatchND(x, [dilation, dilation], rest);
  return tf.batchToSpaceND(layer(phases), [dilation, dilation], rest);
}

/** [B, S, S, C + 2]: the image on [−1, 1], 0 in the hole, then ones, which tell the border, and the mask. */
export function holeInput({ filled, mask }: Occluded): tf.Tensor4D {
  const known = tf.sub(1, mask);
  return tf.concat([tf.mul(signed(filled), known), tf.onesLike(mask), mask], 3);
}

/** From 0…1 to −1…1. */
export function signed(image: tf.Tensor4D): tf.Tensor4D {
  return tf.sub(tf.mul(image, 2), 1);
}

/** What a network paints, on 0…1, pasted into the hole: mid-gray at first. */
export function pasted(painted: tf.Tensor4D, { filled, mask }: Occluded): tf.Tensor4D {
  return tf.add(tf.mul(filled, tf.sub(1, mask)), tf.mul(tf.sigmoid(painted), mask));
}

/** The mean absolute error in the hole. */
export function holeError(one: tf.Tensor4D, other: tf.Tensor4D, mask: tf.Tensor4D): tf.Scalar {
  const count = tf.mul(tf.sum(mask), one.shape[3]);
  return tf.div(tf.sum(tf.mul(tf.abs(tf.sub(one, other)), mask)), count);
}

/** A pass without a latent. */
export function passOf(restored: tf.Tensor4D, extra?: tf.Scalar): Pass {
  const kl = tf.zeros([restored.shape[0]]) as tf.Tensor1D;
  return { restored, kl, moments: [], ...(extra && { extra }) };
}

/** The same values, to which no gradient goes back. */
export function detach<T extends tf.Tensor>(x: T): T {
  return tf.customGrad((...args) => ({
    value: tf.clone(args[0] as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
  }))(x) as T;
}
