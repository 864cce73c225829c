/**
 * `restorer`: our network of the paper's kind, a conditional variational autoencoder that adds to a
 * classical fill.
 *
 * An encoder sees the pre-filled image and the mask, a decoder gives what is to be added in the
 * hole, with skips between them for what is visible. What the visible pixels leave open is a
 * Gaussian latent for each cell of a coarse grid that the hole touches: its prior comes from what
 * is visible, its posterior, in training alone, from the whole image too. The last layer starts at
 * zero: before any training the network gives the classical fill itself.
 */

import { draw, type Gaussian, klBetween } from '@pipe-experiment/networks/latent.js';
import { conv, convTranspose, leaky } from '@pipe-experiment/networks/layers.js';
import type { Params } from '@pipe-experiment/networks/params.js';
import { resizeMean } from '@pipe-experiment/networks/resize.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Network, Occluded } from './network.js';
import {
  BLOCKS,
  GRID,
  planRestorer,
  type RestorerConfig,
  type RestorerPlan,
  restorerSpecs,
} from './restorer-plan.js';

const SLOPE = 0.2;
/**
 * Bounds of the log-variances. The prior's variance is 1 or more: else prior and posterior shrink
 * together, which costs nothing and silences the noise, until the least difference of their means
 * costs thousands of nats. On photographs that is how trainings ran away.
 */
const LOGVARS = { prior: [0, 2], posterior: [-8, 2] } as const;

/** The network for images of size×size×channels. Allocates nothing. */
export function restorer(config: RestorerConfig, size: number, channels: number): Network {
  const plan = planRestorer(config, size, channels);
  return {
    specs: restorerSpecs(plan),
    noise: [plan.grid, plan.grid, plan.latent],
    atTest: { latent: 'mean', statistics: 'running' },
    train(params, seen, target, noise) {
      const visible = encode(plan, params, seen);
      const prior = gaussian(conv(params, 'prior', visible.context, 'same'), 'prior');
      if (config.posterior === 0) {
        const latent = tf.mul(prior.mean, touchedCells(plan, seen));
        const restored = decode(plan, params, seen, visible, latent);
        return { restored, kl: tf.zeros([target.shape[0]]), moments: [] };
      }
      const posterior = recognise(plan, params, visible.context, seen, target);
      const gate = firstOf(target.shape[0], config.posterior); // [B, 1, 1, 1]
      const hole = touchedCells(plan, seen);
      const latent = between(prior.mean, draw(posterior, noise), gate);
      const restored = decode(plan, params, seen, visible, tf.mul(latent, hole));
      // Where no latent is used the posterior is the prior, and costs nothing.
      const used = tf.mul(hole, gate);
      const kl = klBetween(
        {
          mean: between(prior.mean, posterior.mean, used),
          logvar: between(prior.logvar, posterior.logvar, used),
        },
        prior,
      );
      return { restored, kl, moments: [] };
    },
    restore(params, seen, noise) {
      return tf.tidy(() => {
        const visible = encode(plan, params, seen);
        const prior = gaussian(conv(params, 'prior', visible.context, 'same'), 'prior');
        // Without a posterior nothing has taught the network what noise means.
        const drawn = config.posterior === 0 ? prior.mean : draw(prior, noise);
        const latent = tf.mul(drawn, touchedCells(plan, seen));
        return decode(plan, params, seen, visible, latent);
      });
    },
  };
}

interface Visible {
  /** The encoder's levels, the image's own side first. */
  readonly levels: readonly tf.Tensor4D[];
  /** The decoder at the latent's grid, before the latent: what is visible, from far and near. */
  readonly context: tf.Tensor4D;
}

function encode(plan: RestorerPlan, params: Params, seen: Occluded): Visible {
  const last = plan.depths.length - 1;
  const levels = [activated(params, 'conv0', networkInput(seen))];
  for (let level = 1; level <= last; level++) {
    const halved = activated(params, `down${level}`, levels[level - 1]!, 2);
    levels.push(activated(params, `conv${level}`, halved));
  }
  let x = levels[last]!;
  for (let block = 1; block <= BLOCKS; block++) {
    const inner = activated(params, `block${block}.first`, x);
    x = leaky(tf.add(x, conv(params, `block${block}.second`, inner, 'same')), SLOPE);
  }
  for (let level = last - 1; level >= GRID; level--) x = ascend(plan, params, x, levels, level);
  return { levels, context: x };
}

/** What is to be added comes in the hole alone: the known pixels stay as they are. */
function decode(
  plan: RestorerPlan,
  params: Params,
  { filled, spread, mask }: Occluded,
  { levels, context }: Visible,
  latent: tf.Tensor,
): tf.Tensor4D {
  const drawn = conv(params, 'latent', latent as tf.Tensor4D, 'same');
  let x = leaky(tf.add(context, drawn), SLOPE) as tf.Tensor4D;
  for (let level = GRID - 1; level >= 0; level--) x = ascend(plan, params, x, levels, level);
  const out = conv(params, 'out', x, 'same');
  const added = spread ? tf.add(...mixed(plan, out, spread)) : out;
  return tf.add(filled, tf.mul(added, mask));
}

/**
 * What the last layer paints, and where it lies between the pre-fills: both to be added to their mean.
 *
 * @param out [B, S, S, C + K − 1]: the paint, and a weight for each pre-fill's distance from the mean
 */
function mixed(
  { channels, others }: RestorerPlan,
  out: tf.Tensor4D,
  spread: tf.Tensor4D,
): readonly [paint: tf.Tensor4D, between: tf.Tensor4D] {
  const part = (other: number): tf.Tensor4D =>
    tf.mul(depthsOf(spread, other * channels, channels), depthsOf(out, channels + other, 1));
  const parts = Array.from({ length: others }, (_, other) => part(other));
  return [depthsOf(out, 0, channels), parts.reduce((sum, part) => tf.add(sum, part))];
}

/** One level up in the decoder, joined by the encoder's. */
function ascend(
  { sides }: RestorerPlan,
  params: Params,
  x: tf.Tensor4D,
  levels: readonly tf.Tensor4D[],
  level: number,
): tf.Tensor4D {
  const doubled = convTranspose(params, `up${level}`, x, sides[level]!, 2, 'same');
  const skipped = conv(params, `skip${level}`, levels[level]!, 'same');
  return activated(params, `join${level}`, leaky(tf.add(doubled, skipped), SLOPE) as tf.Tensor4D);
}

/** The posterior, from the whole image beside what is visible. */
function recognise(
  { posterior }: RestorerPlan,
  params: Params,
  context: tf.Tensor4D,
  { mask }: Occluded,
  target: tf.Tensor4D,
): Gaussian {
  let x = networkInput({ filled: target, mask });
  for (let level = 1; level <= posterior.length; level++) {
    x = activated(params, `seen${level}`, x, 2);
  }
  return gaussian(conv(params, 'posterior', tf.concat([context, x], 3), 'same'), 'posterior');
}

/** [B, S, S, K·C + 1]: the image on [−1, 1], the mask, and how the pre-fills differ. */
function networkInput({ filled, spread, mask }: Occluded): tf.Tensor4D {
  return tf.concat([tf.sub(tf.mul(filled, 2), 1), mask, ...(spread ? [spread] : [])], 3);
}

function activated(params: Params, name: string, x: tf.Tensor4D, stride = 1): tf.Tensor4D {
  return leaky(conv(params, name, x, 'same', stride), SLOPE);
}

/** [B, g, g, 2k] → mean and log-variance, each [B, g, g, k]. */
function gaussian(x: tf.Tensor4D, which: keyof typeof LOGVARS): Gaussian {
  const depth = x.shape[3] / 2;
  const [least, most] = LOGVARS[which];
  return {
    mean: depthsOf(x, 0, depth),
    logvar: tf.clipByValue(depthsOf(x, depth, depth), least, most),
  };
}

function depthsOf(x: tf.Tensor4D, first: number, count: number): tf.Tensor4D {
  const [n, height, width] = x.shape;
  return tf.slice(x, [0, 0, 0, first], [n, height, width, count]);
}

/** [B, g, g, 1]: 1 for the cells that the hole touches. */
function touchedCells({ grid }: RestorerPlan, { mask }: Occluded): tf.Tensor4D {
  return tf.step(resizeMean(mask, grid));
}

/** 1 for the first `share` of the batch, 0 for the rest. */
function firstOf(count: number, share: number): tf.Tensor4D {
  const values = Array.from({ length: count }, (_, i) => (i < share * count ? 1 : 0));
  return tf.tensor4d(values, [count, 1, 1, 1]);
}

/** `a` where the weight is 0, `b` where it is 1. */
function between(a: tf.Tensor, b: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  return tf.add(a, tf.mul(tf.sub(b, a), weight));
}
