/**
 * `context`: the context encoder (Pathak 2016) that Burlin's report is built on: an encoder, a bottleneck in which
 * every place sees every other within a channel, a decoder, and a critic.
 */
import { checkNumber } from '@pipe-experiment/data/check.js';
import {
  conv,
  convSpecs,
  convTranspose,
  convTransposeSpecs,
  leaky,
} from '@pipe-experiment/networks/layers.js';
import { type ParamSpec, type Params, param } from '@pipe-experiment/networks/params.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Architecture } from '../lib/nn/create.js';
import type { Network, Occluded } from '../lib/nn/network.js';
import { criticSpecs, judge } from './critic.js';
import { activated, holeInput, NO_LATENT, passOf, pasted, SHARED_DEFAULTS } from './hourglass.js';

export interface ContextConfig {
  readonly arch: 'context';
  /** Multiplies every count of channels; the article has 1. */
  readonly width: number;
  /** Weight of the critic's opinion; 0: there is no critic. */
  readonly critic: number;
}

const CHANNELS = [64, 128, 256];

export const CONTEXT: Architecture<ContextConfig> = {
  defaults: () => ({ ...SHARED_DEFAULTS, pixel: 'mse', width: 0.25, critic: 0.001 }),
  check: (tree, name) => ({
    arch: 'context',
    width: checkNumber(tree.width, `${name}.width`, 0.01, 2),
    critic: checkNumber(tree.critic, `${name}.critic`, 0, 10),
  }),
  create: context,
};

function context({ width, critic }: ContextConfig, size: number, channels: number): Network {
  const depths = CHANNELS.map((count) => Math.max(1, Math.round(count * width)));
  const sides = [0, 1, 2, 3].map((level) => Math.ceil(size / 2 ** level));
  const through = (params: Params, seen: Occluded) => {
    let x = holeInput(seen);
    depths.forEach((_, i) => {
      x = activated(params, `down${i + 1}`, x, 2);
    });
    x = leaky(conv(params, 'mix', channelwise(params, 'all', x), 'same'), 0.2);
    for (let i = depths.length - 1; i >= 0; i--) {
      x = leaky(convTranspose(params, `up${i + 1}`, x, sides[i]!, 2, 'same'), 0.2);
    }
    return pasted(conv(params, 'out', x, 'same'), seen);
  };
  return {
    ...NO_LATENT,
    specs: [
      ...layerSpecs(depths, sides.at(-1)!, channels),
      ...(critic > 0 ? criticSpecs('critic', channels, depths[0]!) : []),
    ],
    train(params, seen, target) {
      const restored = through(params, seen);
      if (critic === 0) return passOf(restored);
      const opinion = judge('critic', params, target, restored, seen.mask);
      return passOf(restored, tf.add(opinion.critic, tf.mul(opinion.network, critic)));
    },
    restore: (params, seen) => tf.tidy(() => through(params, seen)),
  };
}

function layerSpecs(depths: readonly number[], side: number, channels: number): ParamSpec[] {
  const deepest = depths.at(-1)!;
  const places = side * side;
  const bound = 1 / Math.sqrt(places);
  return [
    ...depths.flatMap((depth, i) =>
      convSpecs(`down${i + 1}`, 4, i === 0 ? channels + 2 : depths[i - 1]!, depth, 'he'),
    ),
    {
      name: 'all.weight',
      shape: [deepest, places, places],
      init: { kind: 'uniform', bound },
      trainable: true,
    },
    ...convSpecs('mix', 1, deepest, deepest, 'he'),
    ...depths.flatMap((depth, i) =>
      convTransposeSpecs(`up${i + 1}`, 4, depth, i === 0 ? depths[0]! : depths[i - 1]!, 'he', 2),
    ),
    ...convSpecs('out', 3, depths[0]!, channels, 'zero'),
  ];
}

/** Each channel by a dense layer of its own: [B, g, g, C] → the same shape. */
function channelwise(params: Params, name: string, x: tf.Tensor4D): tf.Tensor4D {
  const [count, side, , depth] = x.shape;
  const planes = tf.transpose(tf.reshape(x, [count, side * side, depth]), [2, 0, 1]);
  const mixed = tf.matMul(planes, param(params, `${name}.weight`));
  return tf.reshape(tf.transpose(mixed, [1, 2, 0]), [count, side, side, depth]);
}
