import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { clipGradients } from '@pipe-experiment/networks/training/clip.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => openBackend('wasm'));

/** No −0. */
const unsigned = (value: number) => (value === 0 ? 0 : value);

const values = async (tensors: Readonly<Record<string, tf.Tensor>>) =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(tensors).map(
        async ([name, x]) => [name, [...(await x.data())].map(unsigned)] as const,
      ),
    ),
  );

test('gradients above the norm are scaled down together, by one factor', async () => {
  const gradients = { a: tf.tensor1d([3, 0]), b: tf.scalar(-4) }; // norm 5
  const clipped = await values(clipGradients(gradients, 1));
  expect(clipped.a![0]).toBeCloseTo(0.6, 6);
  expect(clipped.a![1]).toBe(0);
  expect(clipped.b![0]).toBeCloseTo(-0.8, 6);
});

test('gradients below it stay unchanged, including zeros', async () => {
  const gradients = { a: tf.tensor1d([3, 0]), b: tf.scalar(-4) };
  expect(await values(clipGradients(gradients, 5.01))).toEqual({ a: [3, 0], b: [-4] });
  expect(await values(clipGradients({ a: tf.zeros([2]) }, 1))).toEqual({ a: [0, 0] });
});

test.each([Infinity, -Infinity, Number.NaN, 3e38])(
  'a gradient of %f makes all of them zero',
  async (odd) => {
    const gradients = { a: tf.tensor1d([odd, 1]), b: tf.scalar(-4) };
    expect(await values(clipGradients(gradients, 1))).toEqual({ a: [0, 0], b: [0] });
  },
);

test.each([0, 1, 6])('leaves no tensor but its result, with a limit of %i', (most) => {
  const before = tf.memory().numTensors;
  tf.dispose(clipGradients({ a: tf.tensor1d([3, 0]), b: tf.scalar(-4) }, most));
  expect(tf.memory().numTensors).toBe(before);
});
