import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import type { Symmetries } from '@pipe-experiment/networks/symmetries.js';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import type { Network } from '../../../../stages/lib/nn/network.js';
import { restoreSymmetric } from '../../../../stages/lib/nn/restore-symmetric.js';

await openBackend('wasm');

const SIZE = 4;
const ramp = tf.tensor4d(
  Array.from({ length: SIZE * SIZE }, (_, i) => i % SIZE),
  [1, SIZE, SIZE, 1],
);
const filled = tf.tensor4d(
  Array.from({ length: SIZE * SIZE }, (_, i) => i ** 2),
  [1, SIZE, SIZE, 1],
);
const seen = { filled, mask: tf.onesLike(filled), spread: tf.mul(filled, 3) as tf.Tensor4D };

/** Adds a ramp to the right, and three times what the second fill is off: the one turns, the other does not. */
const network = {
  restore: (_params, { filled, spread }) => tf.add(tf.add(filled, spread!), ramp) as tf.Tensor4D,
} as Pick<Network, 'restore'> as Network;

async function addedBy(symmetries: Symmetries): Promise<number[]> {
  const restored = restoreSymmetric(network, {}, seen, undefined, symmetries);
  const own = tf.mul(filled, 4);
  return [...(await tf.sub(restored, own).data())].map((value) => Math.round(value * 1e4) / 1e4);
}

test('output that rotates with the image is kept, other output is averaged over the rotations', async () => {
  expect(await addedBy('none')).toEqual([...(await ramp.data())]);
  // The ramp and its mirror image: 0 + 3, 1 + 2, …
  expect(await addedBy('mirror')).toEqual(Array(SIZE * SIZE).fill(1.5));
  expect(await addedBy('all')).toEqual(Array(SIZE * SIZE).fill(1.5));
});

test('each of the eight symmetries is undone: a network that changes nothing gives the image', async () => {
  const still = { restore: (_params, { filled }) => tf.clone(filled) } as Pick<
    Network,
    'restore'
  > as Network;
  const restored = restoreSymmetric(still, {}, seen, undefined, 'all');
  expect(await restored.data()).toEqual(await filled.data());
});
