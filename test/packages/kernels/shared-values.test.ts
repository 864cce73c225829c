/** Values between tensors and arrays that threads share. */
import { tensorFrom, viewOf } from '@pipe-experiment/kernels/shared-values.js';
import { activate } from '@pipe-experiment/networks/backend/activate.js';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

beforeAll(async () => {
  await openBackend('wasm');
});

test.each(['wasm', 'cpu'] as const)(
  'on %s a tensor has the values that the array had when it was made',
  async (backend) => {
    await activate(backend);
    const shared = new Float32Array(new SharedArrayBuffer(6 * Float32Array.BYTES_PER_ELEMENT));
    shared.set([1, 2, 3, 4, 5, 6]);
    const tensor = tensorFrom(shared.subarray(1, 5), [2, 2]);
    shared.fill(0);
    expect(tensor.shape).toEqual([2, 2]);
    expect([...viewOf(tensor)]).toEqual([2, 3, 4, 5]);
    const negative = tf.neg(tensor);
    shared.set(viewOf(negative), 2);
    tf.dispose([tensor, negative]);
    expect([...shared]).toEqual([0, 0, -2, -3, -4, -5]);
  },
);
