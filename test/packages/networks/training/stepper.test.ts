import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import type { Objective } from '@pipe-experiment/networks/training/step.js';
import { plainSteppers } from '@pipe-experiment/networks/training/stepper.js';
import { startTeam } from '@pipe-experiment/networks/training/team.js';
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

const noTeam = { startStepper: plainSteppers(), close: async () => {} };
const teamOfOne = () =>
  startTeam({ layout: constant, shards: 2, others: 0, objectiveOf: () => constant }, () => {
    throw new Error('no other thread');
  });

test.each([
  ['of whole batches', () => noTeam],
  ['of batches in shards', teamOfOne],
])(
  'the losses of many updates %s are added without rounding each, and nothing leaks',
  async (_, start) => {
    const before = tf.memory().numTensors;
    const updates = 300;
    const values = { count: 2, arrays: { x: { shape: [4], values: new Float32Array(8) } } };
    const zero = () => ({ w: tf.zeros([1]) });
    const weights = {
      params: zero(),
      adam: { step: 0, first: zero(), second: zero() },
      ema: zero(),
    };
    const team = start();
    const stepper = team.startStepper(constant, weights, {
      clip: 1,
      ema: 0.9,
      learningRateAt: () => 0,
    });
    for (let i = 0; i < updates; i++) await stepper.step(values);
    const { losses, weights: last } = await stepper.end();
    const [aside] = await losses.aside!.data();
    // Added one by one in float32: 30.00008.
    expect(aside).toBe(Math.fround(updates * Math.fround(0.1)));
    stepper.dispose();
    await team.close();
    tf.dispose([losses, last.params, last.adam.first, last.adam.second, last.ema]);
    expect(tf.memory().numTensors).toBe(before);
  },
);
