/**
 * `contextual`: Yu 2018, Generative Image Inpainting with Contextual Attention, made small. A coarse network, then
 * a fine one with a second branch that copies features from what is known to where it resembles the hole.
 */
import { checkInteger, checkNumber } from '@pipe-experiment/data/check.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import {
  convSpecs,
  convTranspose,
  convTransposeSpecs,
  leaky,
} from '@pipe-experiment/networks/layers.js';
import type { ParamSpec, Params } from '@pipe-experiment/networks/params.js';
import { resizeMean } from '@pipe-experiment/networks/resize.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Architecture } from '../lib/nn/create.js';
import type { Network, Occluded } from '../lib/nn/network.js';
import { criticSpecs, judge } from './critic.js';
import {
  activated,
  type Hourglass,
  holeError,
  holeInput,
  hourglass,
  hourglassSpecs,
  NO_LATENT,
  passOf,
  pasted,
  SHARED_DEFAULTS,
} from './hourglass.js';

export interface ContextualConfig {
  readonly arch: 'contextual';
  /** Channels at the image's own side; its code has 48. */
  readonly width: number;
  /** Weight of the critic's opinion, from the end of the loss's warm-up; 0: there is no critic. */
  readonly critic: number;
}

const DILATIONS = [2, 4, 8];
/** How much sharper than cosines the weights of the attention are. */
const SHARPNESS = 10;
const BRANCH = 'attention';

export const CONTEXTUAL: Architecture<ContextualConfig> = {
  defaults: () => ({ ...SHARED_DEFAULTS, width: 16, critic: 0 }),
  check: (tree, name) => ({
    arch: 'contextual',
    width: checkInteger(tree.width, `${name}.width`, 2, 64),
    critic: checkNumber(tree.critic, `${name}.critic`, 0, 10),
  }),
  create: contextual,
};

function contextual({ width, critic }: ContextualConfig, size: number, channels: number): Network {
  if (size % 4 !== 0) {
    throw mistake(
      `model: the contextual network does not fit images of ${size}×${size} pixels`,
      'Make image.size a multiple of 4.',
    );
  }
  const trunk = { outputs: channels, inputs: channels + 2, width, dilations: DILATIONS };
  const coarse: Hourglass = { ...trunk, name: 'coarse', start: 'zero' };
  const fine: Hourglass = { ...trunk, name: 'fine', start: 'zero', joined: 4 * width };
  const both = (params: Params, seen: Occluded) => {
    const first = pasted(hourglass(coarse, params, holeInput(seen)), seen);
    const input = tf.concat([tf.sub(tf.mul(first, 2), 1), tf.onesLike(seen.mask), seen.mask], 3);
    const beside = attentionBranch(params, input as tf.Tensor4D, seen.mask);
    return [first, pasted(hourglass(fine, params, input as tf.Tensor4D, beside), seen)] as const;
  };
  return {
    ...NO_LATENT,
    specs: [
      ...hourglassSpecs(coarse),
      ...hourglassSpecs(fine),
      ...branchSpecs(channels + 2, width),
      ...(critic > 0 ? criticSpecs('critic', channels, width) : []),
    ],
    train(params, seen, target, _noise, share) {
      const [first, restored] = both(params, seen);
      const early = holeError(first, target, seen.mask);
      if (critic === 0) return passOf(restored, early);
      const opinion = judge('critic', params, target, restored, seen.mask);
      const weight = share < 1 ? 0 : critic;
      const learning = tf.add(opinion.critic, tf.mul(opinion.network, weight));
      return passOf(restored, tf.add(early, learning));
    },
    restore: (params, seen) => tf.tidy(() => both(params, seen)[1]),
  };
}

/** At an eighth of the side, where 3×3 patches are compared, and back to a quarter. */
function branchSpecs(inputs: number, c: number): ParamSpec[] {
  return [
    ...convSpecs(`${BRANCH}.in`, 5, inputs, c, 'he'),
    ...convSpecs(`${BRANCH}.down1`, 4, c, 2 * c, 'he'),
    ...convSpecs(`${BRANCH}.down2`, 4, 2 * c, 4 * c, 'he'),
    ...convSpecs(`${BRANCH}.down3`, 4, 4 * c, 4 * c, 'he'),
    ...convTransposeSpecs(`${BRANCH}.up`, 4, 4 * c, 4 * c, 'he', 2),
  ];
}

function attentionBranch(params: Params, input: tf.Tensor4D, mask: tf.Tensor4D): tf.Tensor4D {
  let x = activated(params, `${BRANCH}.in`, input);
  x = activated(params, `${BRANCH}.down1`, x, 2);
  const quarter = activated(params, `${BRANCH}.down2`, x, 2);
  const features = activated(params, `${BRANCH}.down3`, quarter, 2);
  const attended = attend(features, tf.step(resizeMean(mask, features.shape[1])));
  return leaky(convTranspose(params, `${BRANCH}.up`, attended, quarter.shape[1], 2, 'same'), 0.2);
}

/**
 * Each place becomes the mean of the known places, weighted by how alike the 3×3 patches around them are.
 *
 * @param features [B, g, g, C]
 * @param touched [B, g, g, 1], 1 where the hole is
 */
export function attend(features: tf.Tensor4D, touched: tf.Tensor4D): tf.Tensor4D {
  const [count, grid, , depth] = features.shape;
  const places = grid * grid;
  const patches = tf.reshape(patchesOf(features), [count, places, 9 * depth]);
  const norm = tf.sqrt(tf.add(tf.sum(tf.square(patches), 2, true), 1e-6));
  const unit = tf.div(patches, norm);
  const alike = tf.matMul(unit, unit, false, true); // [B, places, places]
  // A place whose patch touches the hole is not copied from, as long as there are others.
  const barred = tf.reshape(tf.max(patchesOf(touched), 3), [count, 1, places]);
  const open = tf.sub(1, tf.mul(barred, 1 - 1e-6));
  const likeness = tf.mul(tf.exp(tf.mul(alike, SHARPNESS)), open);
  const weights = tf.div(likeness, tf.sum(likeness, 2, true));
  const values = tf.reshape(features, [count, places, depth]);
  return tf.reshape(tf.matMul(weights, values), [count, grid, grid, depth]);
}

/** [B, g, g, C] → [B, g, g, 9·C]: each place with its eight neighbours, zero beyond the edge. */
function patchesOf(x: tf.Tensor4D): tf.Tensor4D {
  const [count, height, width, depth] = x.shape;
  const padded = tf.pad4d(x, [
    [0, 0],
    [1, 1],
    [1, 1],
    [0, 0],
  ]);
  const shifts = [0, 1, 2].flatMap((dy) => [0, 1, 2].map((dx) => [dy, dx] as const));
  return tf.concat(
    shifts.map(([dy, dx]) => tf.slice(padded, [0, dy, dx, 0], [count, height, width, depth])),
    3,
  );
}
