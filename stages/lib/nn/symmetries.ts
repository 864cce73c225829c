/** The eight ways to turn and mirror a square, of tensors: restoring each of them and averaging costs no training. */

import type { Params } from '@pipe-experiment/networks/params.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Network, Occluded } from './network.js';

export type Symmetries = 'none' | 'mirror' | 'all';

/** Swaps rows and columns first, then reverses along these axes. */
interface Symmetry {
  readonly swap: boolean;
  readonly reverse: readonly number[];
}

const AXES = { rows: 1, columns: 2 } as const;
const SETS: Readonly<Record<Symmetries, readonly Symmetry[]>> = {
  none: [{ swap: false, reverse: [] }],
  mirror: [[], [AXES.columns]].map((reverse) => ({ swap: false, reverse })),
  all: [false, true].flatMap((swap) =>
    [[], [AXES.rows], [AXES.columns], [AXES.rows, AXES.columns]].map((reverse) => ({
      swap,
      reverse,
    })),
  ),
};

/** The mean of what the network makes of each, turned back. */
export function restoreSymmetric(
  network: Network,
  params: Params,
  seen: Occluded,
  noise: tf.Tensor | undefined,
  symmetries: Symmetries,
): tf.Tensor4D {
  if (symmetries === 'none') return network.restore(params, seen, noise);
  const { filled, spread, mask } = seen;
  return tf.tidy(() => {
    const restored = SETS[symmetries].map((symmetry) => {
      const turned = (x: tf.Tensor4D) => turn(x, symmetry);
      const turnedSeen = {
        filled: turned(filled),
        mask: turned(mask),
        ...(spread && { spread: turned(spread) }),
      };
      return turnBack(network.restore(params, turnedSeen, noise), symmetry);
    });
    return tf.div(tf.addN(restored), restored.length);
  });
}

function turn(x: tf.Tensor4D, { swap, reverse }: Symmetry): tf.Tensor4D {
  const swapped: tf.Tensor4D = swap ? tf.transpose(x, [0, 2, 1, 3]) : x;
  return reverse.length === 0 ? swapped : tf.reverse(swapped, [...reverse]);
}

function turnBack(x: tf.Tensor4D, { swap, reverse }: Symmetry): tf.Tensor4D {
  const straight: tf.Tensor4D = reverse.length === 0 ? x : tf.reverse(x, [...reverse]);
  return swap ? tf.transpose(straight, [0, 2, 1, 3]) : straight;
}
