/** Gaussian latents: drawing with the reparametrisation trick, and their KL divergences in nats. */
import * as tf from '@tensorflow/tfjs-core';

/** A diagonal Gaussian for each image: mean and log-variance of one shape [B, …]. */
export interface Gaussian {
  readonly mean: tf.Tensor;
  readonly logvar: tf.Tensor;
}

/** mean + σ·noise; the mean itself without noise. */
export function draw({ mean, logvar }: Gaussian, noise: tf.Tensor | undefined): tf.Tensor {
  return noise ? tf.add(mean, tf.mul(tf.exp(tf.mul(logvar, 0.5)), noise)) : mean;
}

/** KL(q ‖ N(0, 1)) = −½ Σ (1 + logvar − mean² − e^logvar), for each image: [B]. Kingma and Welling 2014, appendix B. */
export function klFromStandard({ mean, logvar }: Gaussian): tf.Tensor1D {
  const terms = tf.sub(tf.add(tf.square(mean), tf.exp(logvar)), tf.add(logvar, 1));
  return tf.mul(sumPerImage(terms), 0.5);
}

/** KL(q ‖ p) = ½ Σ (log σp² − log σq² + (σq² + (μq − μp)²)/σp² − 1), for each image: [B]. */
export function klBetween(q: Gaussian, p: Gaussian): tf.Tensor1D {
  const spread = tf.add(tf.exp(q.logvar), tf.square(tf.sub(q.mean, p.mean)));
  const ratio = tf.mul(spread, tf.exp(tf.neg(p.logvar)));
  const terms = tf.add(tf.sub(p.logvar, q.logvar), tf.sub(ratio, 1));
  return tf.mul(sumPerImage(terms), 0.5);
}

function sumPerImage(x: tf.Tensor): tf.Tensor1D {
  const rows = tf.reshape(x, [x.shape[0]!, -1]);
  return tf.sum(rows, 1);
}
