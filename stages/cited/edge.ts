/**
 * `edge`: Nazeri 2019, EdgeConnect, made small. One network continues the edges into the hole, another fills it
 * along them. Without critics, and so without the two stages of its training: both learn at once, the second
 * from edges that are not changed by it.
 */
import { checkChoice, checkInteger } from '@pipe-experiment/data/check.js';
import type { Params } from '@pipe-experiment/networks/params.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Architecture } from '../lib/nn/create.js';
import type { Network, Occluded } from '../lib/nn/network.js';
import {
  detach,
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

export interface EdgeConfig {
  readonly arch: 'edge';
  /** Channels at the image's own side; the article has 64. */
  readonly width: number;
  /** `true`: those of the truth, at test too. No method: a bound for what edges are worth. */
  readonly edges: 'completed' | 'true';
}

const DILATIONS = [2, 2, 2, 2];
/** Magnitude of the Sobel gradient, of images on 0…1, that counts as a full edge. */
const FULL = 1;

export const EDGE: Architecture<EdgeConfig> = {
  defaults: () => ({ ...SHARED_DEFAULTS, width: 12, edges: 'completed' }),
  check: (tree, name) => ({
    arch: 'edge',
    width: checkInteger(tree.width, `${name}.width`, 2, 64),
    edges: checkChoice(tree.edges, `${name}.edges`, ['completed', 'true']),
  }),
  create: edge,
};

function edge({ width, edges }: EdgeConfig, _size: number, channels: number): Network {
  const trunk = { width, dilations: DILATIONS, inputs: channels + 3 };
  const drawer: Hourglass = { ...trunk, name: 'edges', outputs: 1, start: 'he' };
  const painter: Hourglass = { ...trunk, name: 'image', outputs: channels, start: 'zero' };
  const drawn = (params: Params, seen: Occluded): tf.Tensor4D => {
    const known: tf.Tensor4D = tf.mul(edgesOf(seen.filled), awayFrom(seen.mask));
    const logits = hourglass(drawer, params, tf.concat([holeInput(seen), known], 3));
    return tf.add(known, tf.mul(tf.sigmoid(logits), tf.sub(1, awayFrom(seen.mask))));
  };
  const painted = (params: Params, seen: Occluded, lines: tf.Tensor4D) =>
    pasted(hourglass(painter, params, tf.concat([holeInput(seen), lines], 3)), seen);
  return {
    ...NO_LATENT,
    specs: [...(edges === 'completed' ? hourglassSpecs(drawer) : []), ...hourglassSpecs(painter)],
    train(params, seen, target) {
      if (edges === 'true') return passOf(painted(params, seen, edgesOf(target)));
      const lines: tf.Tensor4D = drawn(params, seen);
      const wrong = holeError(lines, edgesOf(target), seen.mask);
      return passOf(painted(params, seen, detach(lines)), wrong);
    },
    restore(params, seen) {
      return tf.tidy(() => {
        const lines: tf.Tensor4D = edges === 'true' ? edgesOf(truthOf(seen)) : drawn(params, seen);
        return painted(params, seen, lines);
      });
    },
  };
}

/** Batches hold the image as it is; nothing but the bound may look at it. */
function truthOf(seen: Occluded): tf.Tensor4D {
  const { target } = seen as Occluded & { readonly target?: tf.Tensor4D };
  if (!target) throw new TypeError('a model with edges: true restores whole batches alone');
  return target;
}

/** [B, S, S, C] → [B, S, S, 1] on 0…1: Sobel magnitudes of the mean of the channels. */
export function edgesOf(image: tf.Tensor4D): tf.Tensor4D {
  const gray: tf.Tensor4D = tf.mean(image, 3, true);
  const smooth = [1, 2, 1];
  const slope = [-1, 0, 1];
  const kernel = (rows: number[], columns: number[]) =>
    tf.tensor4d(
      rows.flatMap((a) => columns.map((b) => a * b)),
      [3, 3, 1, 1],
    );
  const padded = tf.mirrorPad(
    gray,
    [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ],
    'symmetric',
  ) as tf.Tensor4D;
  const along = (rows: number[], columns: number[]) =>
    tf.square(tf.conv2d(padded, kernel(rows, columns), 1, 'valid'));
  const squares: tf.Tensor4D = tf.add(along(smooth, slope), along(slope, smooth));
  return detach(tf.minimum(1, tf.div(tf.sqrt(squares), FULL)) as tf.Tensor4D);
}

/** 1 where neither a pixel nor a neighbour is hidden: the rim of the hole does not count as an edge. */
function awayFrom(mask: tf.Tensor4D): tf.Tensor4D {
  return tf.sub(1, detach(tf.maxPool(mask, 3, 1, 'same')));
}
