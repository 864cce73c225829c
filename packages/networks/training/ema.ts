/** The exponential moving average of the parameters. The training updates the parameters; the results use the average. */
import { fusedBlend } from '@pipe-experiment/kernels/fused.js';
import * as tf from '@tensorflow/tfjs-core';
import { type Params, param } from '../params.js';

/**
 * The weight of the old average at step t, counted from 1. In the first steps it is less than the
 * decay, (1 + t)/(10 + t), so that the first values do not stay in the average for long.
 */
export function heldAt(decay: number, step: number): number {
  return Math.min(decay, (1 + step) / (10 + step));
}

/** The average after one more step, as new tensors. */
export function emaUpdate(average: Params, params: Params, decay: number, step: number): Params {
  const held = heldAt(decay, step);
  return Object.fromEntries(
    Object.entries(params).map(([name, x]) => {
      const old = param(average, name);
      return [name, fusedBlend(old, x, held) ?? composedBlend(old, x, held)];
    }),
  );
}

function composedBlend(old: tf.Tensor, fresh: tf.Tensor, held: number): tf.Tensor {
  return tf.tidy(() => tf.add(tf.mul(old, held), tf.mul(fresh, 1 - held)));
}
