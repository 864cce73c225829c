/** The eight ways to turn and mirror a square, of tensors. */
import * as tf from '@tensorflow/tfjs-core';

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

/**
 * The mean of what is made of each, turned back.
 *
 * @param make is given how to turn what it takes
 */
export function meanOverSymmetries(
  symmetries: Symmetries,
  make: (turned: (x: tf.Tensor4D) => tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  return tf.tidy(() => {
    const made = SETS[symmetries].map((symmetry) =>
      turnBack(
        make((x) => turn(x, symmetry)),
        symmetry,
      ),
    );
    return tf.div(tf.addN(made), made.length);
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
