/**
 * A critic of patches with a hinge loss and spectral norms (Yu 2018's later SN-PatchGAN). It learns in the same
 * update as the network that it judges: neither sees the other's gradients.
 */

import { convSpecs } from '@pipe-experiment/networks/layers.js';
import { type ParamSpec, type Params, param } from '@pipe-experiment/networks/params.js';
import * as tf from '@tensorflow/tfjs-core';
import { activated, detach, signed } from './hourglass.js';

const KERNEL = 5;
/** Channels of its layers, in widths; each halves the side. */
const DEPTHS = [1, 2, 4, 4];
/** From a fixed vector; one step from the last update's would need a state of its own. */
const POWER_STEPS = 3;

const layers = (name: string) => DEPTHS.map((_, i) => `${name}.conv${i + 1}`);

export function criticSpecs(name: string, channels: number, width: number): ParamSpec[] {
  return layers(name).flatMap((layer, i) => {
    const inputs = i === 0 ? channels + 1 : DEPTHS[i - 1]! * width;
    return convSpecs(layer, KERNEL, inputs, DEPTHS[i]! * width, 'he');
  });
}

export interface Judgement {
  /** What the critic minimises: real images above 1, restored ones below −1. */
  readonly critic: tf.Scalar;
  /** What the network minimises, times its weight. */
  readonly network: tf.Scalar;
}

export function judge(
  name: string,
  params: Params,
  real: tf.Tensor4D,
  restored: tf.Tensor4D,
  mask: tf.Tensor4D,
): Judgement {
  const normed = spectrallyNormed(params, layers(name));
  const opinion = (weights: Params, image: tf.Tensor4D) => {
    let x: tf.Tensor4D = tf.concat([signed(image), mask], 3);
    for (const layer of layers(name)) x = activated(weights, layer, x, 2);
    return x;
  };
  const fixed = Object.fromEntries(Object.entries(normed).map(([key, x]) => [key, detach(x)]));
  const [ofReal, ofRestored] = [opinion(normed, real), opinion(normed, detach(restored))];
  return {
    critic: tf.add(
      tf.mean(tf.relu(tf.sub(1, ofReal))),
      tf.mean(tf.relu(tf.add(1, ofRestored))),
    ) as tf.Scalar,
    network: tf.neg(tf.mean(opinion(fixed, restored))),
  };
}

/** The layers' parameters, each filter divided by its largest singular value. */
function spectrallyNormed(params: Params, names: readonly string[]): Params {
  return Object.fromEntries(
    names.flatMap((name) => {
      const weight = param(params, `${name}.weight`);
      const matrix: tf.Tensor2D = tf.reshape(weight, [-1, weight.shape.at(-1)!]);
      return [
        [`${name}.weight`, tf.div(weight, largestSingularValue(matrix))],
        [`${name}.bias`, param(params, `${name}.bias`)],
      ];
    }),
  );
}

function largestSingularValue(matrix: tf.Tensor2D): tf.Scalar {
  const unit = (x: tf.Tensor2D): tf.Tensor2D =>
    tf.div(x, tf.sqrt(tf.add(tf.sum(tf.square(x)), 1e-12)));
  const still = detach(matrix);
  let right: tf.Tensor2D = unit(tf.ones([matrix.shape[1], 1]));
  let left: tf.Tensor2D = unit(tf.matMul(still, right));
  for (let step = 1; step < POWER_STEPS; step++) {
    right = unit(tf.matMul(still, left, true));
    left = unit(tf.matMul(still, right));
  }
  return tf.sum(tf.mul(left, tf.matMul(matrix, right)));
}
