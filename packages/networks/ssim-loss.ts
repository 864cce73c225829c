/** SSIM of Wang et al. 2004 as a graph with gradients: windows as matrix products. In float32; scores are ssim.ts's. */
import { fusedBlur } from '@pipe-experiment/kernels/fused.js';
import { gaussianTaps } from '@pipe-experiment/numerics/gaussian.js';
import * as tf from '@tensorflow/tfjs-core';

type T = tf.Tensor3D;

const WINDOW = 11;
const SIGMA = 1.5;
const C1 = 0.01 ** 2; // for values 0…1
const C2 = 0.03 ** 2;

/**
 * Mean SSIM over all windows of all images, `wang` in the tables: Gaussian 11×11, valid, population
 * covariance. x and y are [B, S, S, C], 0…1.
 *
 * Both factors are written as what they miss to 1: since var(x − y) = var x + var y − 2 cov(x, y),
 * (2 cov + C2) / (var x + var y + C2) is 1 − var(x − y) / (var x + var y + C2), and likewise for the
 * means. In float32, the moments of x − y are exact where the images agree, and a covariance is not.
 */
export function graphSsim(x: tf.Tensor4D, y: tf.Tensor4D): tf.Scalar {
  const [a, b] = [planes(x), planes(y)];
  const squares = tf.add(tf.square(a), tf.square(b));
  const images = [a, b, squares, tf.squaredDifference(a, b)] as T[];
  const [meanX, meanY, meanSquares, meanError] = blurAll(images) as [T, T, T, T];
  const ofMeans = tf.add(tf.square(meanX), tf.square(meanY));
  const shift = tf.squaredDifference(meanX, meanY);
  const luminance = tf.sub(1, tf.div(shift, tf.add(ofMeans, C1)));
  const variances = tf.sub(meanSquares, ofMeans);
  const structure = tf.sub(1, tf.div(tf.sub(meanError, shift), tf.add(variances, C2)));
  return tf.mean(tf.mul(luminance, structure));
}

/** [B, S, S, C] → [B·C, S, S]. */
function planes(x: tf.Tensor4D): tf.Tensor3D {
  const [n, height, width, channels] = x.shape;
  const first = channels === 1 ? x : tf.transpose(x, [0, 3, 1, 2]);
  return tf.reshape(first, [n * channels, height, width]);
}

/**
 * The Gaussian window along both directions of each image: [N, S, S] → [N, S', S'], S' = S − 10; transposed
 * where it is composed. Then all go through it together, since a GPU waits for each call.
 */
function blurAll(images: readonly tf.Tensor3D[]): tf.Tensor3D[] {
  const taps = tf.tensor1d([...gaussianTaps(WINDOW, SIGMA)]);
  const blurred = images.map((image) => fusedBlur(image, taps));
  if (blurred.every((image) => image !== undefined)) return blurred;
  const together = composedBlur(tf.concat([...images], 0));
  const [count, height, width] = [images[0]!.shape[0], together.shape[1], together.shape[2]];
  return images.map((_, i) => tf.slice(together, [i * count, 0, 0], [count, height, width]));
}

function composedBlur(x: tf.Tensor3D): tf.Tensor3D {
  const [n, height, width] = x.shape;
  const across = tf.matMul(tf.reshape(x, [n * height, width]), band(width));
  const turned = tf.transpose(tf.reshape(across, [n, height, width - WINDOW + 1]), [0, 2, 1]);
  const newWidth = width - WINDOW + 1;
  const down = tf.matMul(tf.reshape(turned, [n * newWidth, height]), band(height));
  return tf.reshape(down, [n, newWidth, height - WINDOW + 1]);
}

/** [length, length − 10]: column j holds the window's taps from row j on. */
function band(length: number): tf.Tensor2D {
  const taps = gaussianTaps(WINDOW, SIGMA);
  const columns = length - WINDOW + 1;
  const values = new Float32Array(length * columns);
  for (let column = 0; column < columns; column++) {
    for (let i = 0; i < WINDOW; i++) values[(column + i) * columns + column] = taps[i]!;
  }
  return tf.tensor2d(values, [length, columns]);
}
