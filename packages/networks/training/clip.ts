/** Clipping of gradients by their norm (Pascanu et al. 2013), so that one bad batch cannot throw a training off. */
import * as tf from '@tensorflow/tfjs-core';
import type { Params } from '../params.js';

/** Keeps 0/0 away where every gradient is zero. */
const TINY = 1e-30;
/** A finite float32 is not larger. */
const LARGEST = 3.4028235e38;

/**
 * The gradients, all made smaller by one factor where their common norm √Σg² is above `most`; new
 * tensors, the old ones stay the caller's. Zero where the norm is not finite: such a batch teaches nothing.
 */
export function clipGradients(gradients: Params, most: number): Params {
  return tf.tidy(() => {
    const squares = Object.values(gradients).map((x) => tf.sum(tf.square(x)));
    const norm = tf.sqrt(tf.add(tf.sum(tf.stack(squares)), TINY));
    const factor = tf.minimum(1, tf.div(most, norm));
    const usable = tf.lessEqual(norm, LARGEST);
    return Object.fromEntries(
      Object.entries(gradients).map(([name, x]) => [
        name,
        tf.where(usable, tf.mul(x, factor), tf.zerosLike(x)),
      ]),
    );
  });
}
