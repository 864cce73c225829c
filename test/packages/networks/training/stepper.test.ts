import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import type { Objective } from '@pipe-experiment/networks/training/step.js';
import { plainSteppers } from '@pipe-experiment/networks/training/stepper.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => openBackend('wasm'));

/** The distance of its one parameter from the values, and a loss of 0.1 beside it. */
const constant: Objective = {
  specs: [{ name: 'w', shape: [1], init: { kind: 'constant', value: 0 }, trainable: true }],
  losses: ['aside', 'total'],
  recipe: undefined,
  pass: ({ w }, { x }) => ({
    losses: { aside: tf.scalar(0.1), total: tf.mean(tf.square(tf.sub(x!, w!))) },
    moments: [],
  }),
};

test('the losses of many updates are added without rounding each, and nothing leaks', async () => {
  const before = tf.memory().numTensors;
  const updates = 300;
  const values = { count: 1, arrays: { x: { shape: [4], values: new Float32Array(4) } } };
  const zero = () => ({ w: tf.zeros([1]) });
  const weights = {
    params: zero(),
    adam: { step: 0, first: zero(), second: zero() },
    ema: undefined,
  };
  const stepper = plainSteppers()(constant, weights, {
    clip: 0,
    ema: 0,
    learningRateAt: () => 0,
  });
  for (let i = 0; i < updates; i++) await stepper.step(values);
  const end = stepper.end();
  const [aside] = await end.losses.aside!.data();
  // Added one by one in float32: 30.00008.
  expect(aside).toBe(Math.fround(updates * Math.fround(0.1)));
  stepper.dispose();
  tf.dispose([end.losses, end.weights.params]);
  tf.dispose([end.weights.adam.first, end.weights.adam.second]);
  expect(tf.memory().numTensors).toBe(before);
});
