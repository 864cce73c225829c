/**
 * Our own kernels free their allocations: a training of any length uses the memory of its first
 * steps.
 */

import { fusedAdam } from '@pipe-experiment/kernels/fused.js';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { ADAM_DEFAULTS } from '@pipe-experiment/networks/training/adam.js';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

beforeAll(async () => {
  await openBackend('wasm');
});

const heap = () => {
  const { wasm } = tf.backend() as BackendWasm;
  return (wasm as unknown as { readonly asm: { readonly memory: WebAssembly.Memory } }).asm.memory;
};

const FACTORS = { ...ADAM_DEFAULTS, rate: 1e-3, correction: 1 };
/** Of some 20 KB each: what is not freed makes the heap grow, and the buffers more. */
const STEPS = 1000;

test('1,000 steps take the memory of the first', () => {
  const normal = (...shape: number[]) => tf.randomNormal(shape, 0, 0.1, 'float32', 1);
  const images = normal(1, 8, 7, 3) as tf.Tensor4D;
  let weights: tf.Tensor[] = [normal(3, 3, 3, 8), normal(4, 4, 5, 8), normal(8 * 7 * 5, 10)];
  let moments = weights.map((w) => [tf.zerosLike(w), tf.zerosLike(w)] as const);
  const loss = (...[down, up, dense]: tf.Tensor[]) => {
    const inner = tf.leakyRelu(tf.conv2d(images, down as tf.Tensor4D, 2, 'same'), 0.2);
    const outer = tf.conv2dTranspose(inner, up as tf.Tensor4D, [1, 8, 7, 5], 2, 'same');
    return tf.sum(tf.square(tf.matMul(tf.reshape(outer, [1, -1]), dense!))) as tf.Scalar;
  };
  const step = () => {
    const gradients = tf.grads(loss)(weights);
    const updated = weights.map((values, i) => {
      const [first, second] = moments[i]!;
      return fusedAdam({ values, gradient: gradients[i]!, first, second }, FACTORS)!;
    });
    tf.dispose([gradients, weights, moments.flat()]);
    weights = updated.map(([values]) => values);
    moments = updated.map(([, first, second]) => [first, second] as const);
  };
  const taken = () => ({
    tensors: tf.memory().numTensors,
    buffers: tf.engine().backend.numDataIds(),
    heap: heap().buffer.byteLength,
  });
  for (let i = 0; i < 3; i++) step();
  const before = taken();
  for (let i = 0; i < STEPS; i++) step();
  expect(taken()).toEqual(before);
});
