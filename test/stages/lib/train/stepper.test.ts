import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { Network } from '../../../../stages/lib/nn/network.js';
import { fillBatch } from '../../../../stages/lib/train/batch.js';
import { plainSteppers } from '../../../../stages/lib/train/stepper.js';

beforeAll(() => openBackend('wasm'));

/** Adds its one parameter to the pre-fill, at 0.1 nats an image. */
const constant: Network = {
  specs: [{ name: 'w', shape: [1], init: { kind: 'constant', value: 0 }, trainable: true }],
  noise: [1],
  atTest: { latent: 'mean', statistics: 'running' },
  train: (params, { filled }) => ({
    restored: tf.add(filled, params.w!),
    kl: tf.fill([filled.shape[0]], 0.1) as tf.Tensor1D,
    moments: [],
  }),
  restore: (params, { filled }) => tf.add(filled, params.w!),
};

test('the losses of many updates are added without rounding each, and nothing leaks', async () => {
  const before = tf.memory().numTensors;
  const updates = 300;
  const examples = {
    size: 2,
    channels: 1,
    images: [new Uint8Array(4)],
    masks: [new Uint8Array(4)],
  };
  const drawn = { ...fillBatch(examples, ['black']), noise: new Float32Array(1) };
  const zero = () => ({ w: tf.zeros([1]) });
  const weights = {
    params: zero(),
    adam: { step: 0, first: zero(), second: zero() },
    ema: undefined,
  };
  const stepper = plainSteppers()(constant, weights, {
    loss: { pixel: 'mse', known: 1, ssim: 0, kl: 1, freeNats: 0, klWarmup: 0 },
    klShare: 1,
    clip: 0,
    ema: 0,
    learningRateAt: () => 0,
  });
  for (let i = 0; i < updates; i++) await stepper.step(drawn);
  const end = stepper.end();
  const [kl] = await end.losses.kl.data();
  // Added one by one in float32: 30.00008.
  expect(kl).toBe(Math.fround(updates * Math.fround(0.1)));
  stepper.dispose();
  tf.dispose([Object.values(end.losses), end.weights.params]);
  tf.dispose([end.weights.adam.first, end.weights.adam.second]);
  expect(tf.memory().numTensors).toBe(before);
});
