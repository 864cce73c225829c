/** Clipping of gradients by their norm (Pascanu et al. 2013), so that one bad batch cannot throw a training off. */
import * as tf from '@tensorflow/tfjs-core';
import type { Params } from '../params.js';
import { mapped } from './values.js';

/** Keeps 0/0 away where every gradient is zero. */
const TINY = 1e-30;
/** A finite float32 is not larger. */
const LARGEST = 3.4028235e38;

/**
 * The gradients, all made smaller by one factor where their common norm √Σg² is above `most`; 0 leaves them
 * as they are. Takes the gradients over. Zero where the norm is not finite: such a batch teaches nothing.
 */
export function clipGradients(gradients: Params, most: number): Params {
  if (most === 0) return gradients;
  const norm = tf.tidy(() => normOf(tf.stack(Object.values(gradients).map(squaresOf))));
  const clipped = scaleDown(gradients, norm, most);
  norm.dispose();
  return clipped;
}

/** Σg². */
export function squaresOf(gradient: tf.Tensor): tf.Scalar {
  return tf.tidy(() => tf.sum(tf.square(gradient)));
}

/** @param squares of all gradients, each a number */
export function normOf(squares: tf.Tensor): tf.Scalar {
  return tf.tidy(() => tf.sqrt(tf.add(tf.sum(squares), TINY)));
}

/** Some of the gradients, clipped by the norm of all. Takes them over. */
export function scaleDown(gradients: Params, norm: tf.Scalar, most: number): Params {
  // Most batches stay below it, and on this backend a value is there at once. A GPU would have to wait.
  if (tf.getBackend() === 'wasm' && norm.dataSync()[0]! <= most) return gradients;
  const smaller = tf.tidy(() => {
    const factor = tf.where(tf.lessEqual(norm, LARGEST), tf.minimum(1, tf.div(most, norm)), 0);
    return mapped(gradients, (x) =>
      // ∞ · 0 is not 0. A condition of the same shape, since the backend repeats a scalar slowly.
      tf.where(tf.isFinite(x), tf.mul(x, factor), tf.zerosLike(x)),
    );
  });
  tf.dispose(gradients);
  return smaller;
}
