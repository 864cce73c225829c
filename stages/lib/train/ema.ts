/** The exponential moving average of the parameters: the weights that are used, not those that are trained. */
import * as tf from '@tensorflow/tfjs-core';
import { type Params, param } from '../nn/params.js';

/**
 * The average after one more step, as new tensors. In the first steps the decay is smaller,
 * (1 + t)/(10 + t), so that the first values do not stay in the average for long.
 */
export function emaUpdate(average: Params, params: Params, decay: number, step: number): Params {
  const held = Math.min(decay, (1 + step) / (10 + step));
  return tf.tidy(() =>
    Object.fromEntries(
      Object.entries(params).map(([name, x]) => {
        const kept = tf.mul(param(average, name), held);
        return [name, tf.add(kept, tf.mul(x, 1 - held))];
      }),
    ),
  );
}
