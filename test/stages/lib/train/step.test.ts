import { createRandom } from '@pipe-experiment/data/random.js';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { ADAM_DEFAULTS } from '@pipe-experiment/networks/training/adam.js';
import {
  applyUpdate,
  differentiate,
  type Weights,
} from '@pipe-experiment/networks/training/step.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { createNetwork } from '../../../../stages/lib/nn/create.js';
import { checkModel } from '../../../../stages/lib/nn/model-config.js';
import { createBatch } from '../../../../stages/lib/train/batch.js';
import { objectiveOf } from '../../../../stages/lib/train/objective.js';
import { initState } from '../../../../stages/lib/train/state.js';

beforeAll(() => openBackend('wasm'));

const SIZE = 56;
const TRAIN = { seed: 1, ema: 0.9 };

const MODELS = {
  deepvision: { arch: 'deepvision', width: 0.03, hidden: 16, latent: 4, ssim: 1, known: 0.5 },
  restorer: { arch: 'restorer', width: 0.15, latent: 2, prefill: ['harmonic', 'biharmonic'] },
};

function setUp(name: keyof typeof MODELS) {
  const model = checkModel({ ...MODELS[name], occlusions: ['a'] }, 'model.m', ['a']);
  const network = createNetwork(model.network, SIZE, 1);
  const random = createRandom(1, 'step');
  const bytes = () => Uint8Array.from({ length: SIZE * SIZE }, () => random.int(256));
  const mask = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => (i % SIZE < 20 ? 1 : 0));
  const examples = { size: SIZE, channels: 1, images: [bytes(), bytes()], masks: [mask, mask] };
  const noise = tf.randomNormal([2, ...network.noise], 0, 1, 'float32', 1);
  const batch = { ...createBatch(examples, model.prefill), noise };
  const options = {
    adam: { ...ADAM_DEFAULTS, learningRate: 0.001 },
    ema: TRAIN.ema,
  };
  const objective = objectiveOf(network, { loss: model.loss, klShare: 1 });
  const step = (weights: Weights) =>
    applyUpdate(weights, differentiate(objective, weights.params, batch, 0), options);
  return { network, step, start: () => initState(network, TRAIN).weights };
}

describe.each(Object.keys(MODELS) as (keyof typeof MODELS)[])('a training step of %s', (name) => {
  test('leaks no tensor', () => {
    const { step, start } = setUp(name);
    let weights = start();
    const counts: number[] = [];
    const bytes: number[] = [];
    for (let i = 0; i < 3; i++) {
      const result = step(weights);
      weights = result.weights;
      tf.dispose(result.losses);
      counts.push(tf.memory().numTensors);
      bytes.push(tf.memory().numBytes);
    }
    expect(new Set(counts).size).toBe(1);
    expect(new Set(bytes).size).toBe(1);
  });

  test('changes every parameter within three steps, gives the same bytes twice, and lowers the loss', async () => {
    const { network, step, start } = setUp(name);
    const run = async () => {
      const before = start();
      const copies = await Promise.all(
        network.specs.map((spec) => before.params[spec.name]!.data()),
      );
      let { weights, losses } = step(before);
      const [first] = await losses.total.data();
      // What lies before a layer that starts at zero has no gradient at first.
      for (let i = 0; i < 2; i++) ({ weights, losses } = step(weights));
      const changed = await Promise.all(
        network.specs.map(async (spec, i) => {
          const after = await weights.params[spec.name]!.data();
          return after.some((value, at) => value !== copies[i]![at]) ? [] : [spec.name];
        }),
      );
      for (let i = 0; i < 9; i++) ({ weights, losses } = step(weights));
      const [last] = await losses.total.data();
      return { first, last, unchanged: changed.flat() };
    };
    const one = await run();
    expect(one.unchanged).toEqual([]);
    expect(one.last).toBeLessThan(one.first!);
    expect(await run()).toEqual(one);
  });
});
