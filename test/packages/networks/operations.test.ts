import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { countOperations } from '@pipe-experiment/networks/operations.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(() => openBackend('wasm'));

const image = (...shape: [number, number, number, number]) => tf.zeros<tf.Rank.R4>(shape);

describe('the operations of a pass, a multiply-add as two', () => {
  test.each<[string, number, () => tf.Tensor]>([
    // 2 images of 8×8 pixels with 4 outputs, from 3×3 pixels of 5.
    [
      'a convolution',
      2 * 2 * 64 * 4 * 45,
      () => tf.conv2d(image(2, 10, 10, 5), image(3, 3, 5, 4), 1, 'valid'),
    ],
    // 5×5 pixels remain.
    [
      'a convolution with a stride',
      2 * 25 * 4 * 45,
      () => tf.conv2d(image(1, 10, 10, 5), image(3, 3, 5, 4), 2, 'same'),
    ],
    // Each of 6×6 pixels with 4 values is added to 2×2 pixels of 5.
    [
      'a transposed convolution',
      2 * 36 * 4 * 20,
      () => tf.conv2dTranspose(image(1, 6, 6, 4), image(2, 2, 5, 4), [1, 12, 12, 5], 2, 'same'),
    ],
    ['a matrix product', 2 * 7 * 30 * 11, () => tf.matMul(tf.zeros([7, 30]), tf.zeros([30, 11]))],
    [
      'a product with a transposed matrix',
      2 * 7 * 30 * 11,
      () => tf.matMul(tf.zeros([30, 7]), tf.zeros([11, 30]), true, true),
    ],
    ['a sum', 0, () => tf.add(image(1, 6, 6, 4), 1)],
  ])('%s has %i', async (_, count, run) => {
    expect(await countOperations(async () => tf.dispose(run()))).toBe(count);
  });

  test('are added over a pass, and those around it do not count', async () => {
    const step = () => tf.dispose(tf.matMul(tf.zeros([2, 3]), tf.zeros([3, 4])));
    step();
    expect(await countOperations(async () => [1, 2, 3].forEach(step))).toBe(3 * 2 * 24);
    step();
  });
});
