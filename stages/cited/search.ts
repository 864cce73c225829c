/**
 * `search`: a variational autoencoder that learns whole images, and restores one by a search of the latent whose
 * image agrees with what is known of it (Yeh 2017, for the DCGAN of Radford 2015). The non-linear twin of PCA: its
 * seam is mended in the same way.
 */
import { checkInteger, checkNumber } from '@pipe-experiment/data/check.js';
import { createHole } from '@pipe-experiment/fills/hole.js';
import { mendSeam } from '@pipe-experiment/fills/smooth.js';
import type { Params } from '@pipe-experiment/networks/params.js';
import { enlarge, shrink } from '@pipe-experiment/networks/resize.js';
import { power } from '@pipe-experiment/numerics/power.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Architecture } from '../lib/nn/create.js';
import { decode, deepvision, encode } from '../lib/nn/deepvision.js';
import {
  type DeepvisionConfig,
  deepvisionParams,
  planDeepvision,
} from '../lib/nn/deepvision-plan.js';
import type { Network, Occluded } from '../lib/nn/network.js';

export interface SearchConfig {
  readonly arch: 'search';
  readonly decoder: DeepvisionConfig;
  /** Updates of the latent at test. */
  readonly steps: number;
  /** Weight of the latent's square, beside the squared error in gray levels of 0…1 of a pixel. */
  readonly prior: number;
}

const RATE = 0.05;
const RUNNING = { kind: 'running' } as const;

export const SEARCH: Architecture<SearchConfig> = {
  defaults: (given, name) => ({
    ...deepvisionParams.defaults(given, name),
    steps: 60,
    weight: 0.01,
    kl: 0.1,
  }),
  check: (tree, name) => ({
    arch: 'search',
    decoder: deepvisionParams.check({ ...tree, output: 'image', input: 'image' }, name),
    steps: checkInteger(tree.steps, `${name}.steps`, 1, 10_000),
    prior: checkNumber(tree.weight, `${name}.weight`, 0, 1000),
  }),
  create: search,
};

function search(config: SearchConfig, size: number, channels: number): Network {
  const plan = planDeepvision(config.decoder, size, channels);
  const whole = deepvision(config.decoder, size, channels);
  const { downscale } = config.decoder;
  const imageOf = (params: Params, code: tf.Tensor2D): tf.Tensor4D =>
    tf.sigmoid(enlarge(decode(plan, params, code, RUNNING), downscale));
  return {
    ...whole,
    atTest: { latent: 'mean', statistics: 'running' },
    train: (params, { mask }, target, noise, share) =>
      whole.train(params, { filled: target, mask }, target, noise, share),
    restore(params, seen) {
      return tf.tidy(() => {
        const input = tf.sub(tf.mul(shrink(seen.filled, downscale), 2), 1) as tf.Tensor4D;
        const start = encode(plan, params, input, RUNNING).mean as tf.Tensor2D;
        const known = tf.sub(1, seen.mask);
        const misfit = (code: tf.Tensor): tf.Scalar => {
          const gap = tf.mul(tf.sub(imageOf(params, code as tf.Tensor2D), seen.filled), known);
          return tf.add(tf.sum(tf.square(gap)), tf.mul(tf.sum(tf.square(code)), config.prior));
        };
        const found = descend(tf.grad(misfit), start, config.steps);
        return mended(imageOf(params, found as tf.Tensor2D), seen);
      });
    },
  };
}

/** Adam, as in training. */
function descend(
  gradientAt: (x: tf.Tensor) => tf.Tensor,
  start: tf.Tensor,
  steps: number,
): tf.Tensor {
  let state = [start, tf.zerosLike(start), tf.zerosLike(start)] as tf.Tensor[];
  for (let step = 1; step <= steps; step++) {
    state = tf.tidy(() => {
      const [x, m, v] = state as [tf.Tensor, tf.Tensor, tf.Tensor];
      const gradient = gradientAt(x);
      const first = tf.add(tf.mul(m, 0.9), tf.mul(gradient, 0.1));
      const second = tf.add(tf.mul(v, 0.999), tf.mul(tf.square(gradient), 0.001));
      const scale = tf.add(tf.sqrt(tf.div(second, 1 - power(0.999, step))), 1e-8);
      const change = tf.div(tf.mul(first, RATE / (1 - power(0.9, step))), scale);
      return [tf.sub(x, change), first, second];
    });
  }
  return state[0]!;
}

/** The known pixels kept, and what the estimate misses at the rim continued into the hole. */
function mended(estimate: tf.Tensor4D, { filled, mask }: Occluded): tf.Tensor4D {
  const [count, size, , channels] = estimate.shape;
  const [values, known, hidden] = [estimate.dataSync(), filled.dataSync(), mask.dataSync()];
  const out = Float32Array.from(known);
  const pixels = size * size;
  for (let i = 0; i < count; i++) {
    const hole = createHole(
      Uint8Array.from(hidden.subarray(i * pixels, (i + 1) * pixels)),
      size,
      size,
    );
    for (let channel = 0; channel < channels; channel++) {
      const at = (pixel: number) => (i * pixels + pixel) * channels + channel;
      const guess = Float64Array.from({ length: pixels }, (_, p) => 255 * values[at(p)]!);
      const plane = Uint8Array.from({ length: pixels }, (_, p) => Math.round(255 * known[at(p)]!));
      mendSeam(guess, plane, hole);
      for (const pixel of hole.pixels) out[at(pixel)] = guess[pixel]! / 255;
    }
  }
  return tf.tensor4d(out, [count, size, size, channels]);
}
