import { createRandom } from '@pipe-experiment/data/random.js';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { type Params, sizeOf } from '@pipe-experiment/networks/params.js';
import { packedSteppers } from '@pipe-experiment/networks/training/packed-stepper.js';
import { disposeWeights } from '@pipe-experiment/networks/training/step.js';
import { plainSteppers, type StartStepper } from '@pipe-experiment/networks/training/stepper.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { createNetwork } from '../../../../stages/lib/nn/create.js';
import { checkModel } from '../../../../stages/lib/nn/model-config.js';
import { fillBatch } from '../../../../stages/lib/train/batch.js';
import { objectiveOf, valuesOf } from '../../../../stages/lib/train/objective.js';
import { initState } from '../../../../stages/lib/train/state.js';

beforeAll(() => openBackend('wasm'));

const SIZE = 56;
/** One whose batch norms track statistics, and one without. */
const MODELS = {
  deepvision: { arch: 'deepvision', width: 0.03, hidden: 16, latent: 4, ssim: 1, known: 0.5 },
  restorer: { arch: 'restorer', width: 0.15, latent: 2, prefill: ['harmonic', 'biharmonic'] },
};

function prepare(name: keyof typeof MODELS, clip: number) {
  const model = checkModel({ ...MODELS[name], occlusions: ['a'] }, 'model.m', ['a']);
  const network = createNetwork(model.network, SIZE, 1);
  const random = createRandom(1, 'packed');
  const bytes = () => Uint8Array.from({ length: SIZE * SIZE }, () => random.int(256));
  const mask = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => (i % SIZE < 20 ? 1 : 0));
  const examples = { size: SIZE, channels: 1, images: [bytes(), bytes()], masks: [mask, mask] };
  const noise = Float32Array.from({ length: 2 * sizeOf(network.noise) }, () => random.normal());
  const drawn = { ...fillBatch(examples, model.prefill), noise };
  const values = valuesOf(drawn, network.noise);
  const objective = objectiveOf(network, { loss: model.loss, klShare: 1 });
  const options = { clip, ema: 0.9, learningRateAt: () => 0.001 };

  const start = () => initState(network, { seed: 1, ema: 0.9 }).weights;

  /** The weights after two epochs of two updates, as values. */
  const train = async (steppers: StartStepper) => {
    let weights = start();
    for (let epoch = 0; epoch < 2; epoch++) {
      const stepper = steppers(objective, weights, options);
      await stepper.step(values);
      await stepper.step(values);
      const end = await stepper.end();
      weights = end.weights;
      tf.dispose(Object.values(end.losses));
      stepper.dispose();
    }
    const valuesOf = (params: Params) =>
      Object.fromEntries(Object.entries(params).map(([key, x]) => [key, [x.shape, x.dataSync()]]));
    const { params, adam, ema } = weights;
    const all = [params, adam.first, adam.second, ema!].map(valuesOf);
    disposeWeights(weights);
    return { values: all, step: adam.step };
  };
  return { objective, options, start, train };
}

test.each(Object.keys(MODELS) as (keyof typeof MODELS)[])(
  '%s has the same weights whether its parameters are one tensor or many, and nothing leaks',
  async (name) => {
    const { train } = prepare(name, 0);
    const plain = await train(plainSteppers());
    const before = tf.memory().numTensors;
    expect(await train(packedSteppers)).toEqual(plain);
    expect(tf.memory().numTensors).toBe(before);
  },
);

test('clipping divides by the norm of all gradients together', async () => {
  const { train } = prepare('restorer', 0.01);
  const [plain, packed] = [await train(plainSteppers()), await train(packedSteppers)];
  // The squares of a gradient are not added in the same order, and its first moment has its scale.
  const first = (run: typeof plain) =>
    Object.entries(run.values[1]!).map(([key, [, x]]) => [key, x as Float32Array] as const);
  const packedFirst = new Map(first(packed));
  for (const [key, moments] of first(plain)) {
    const most = Math.max(...moments.map(Math.abs));
    const apart = moments.map((value, i) => Math.abs(value - packedFirst.get(key)![i]!));
    expect(Math.max(...apart), key).toBeLessThanOrEqual(1e-4 * most);
  }
});

test('an epoch that does not end frees its weights', () => {
  const before = tf.memory().numTensors;
  const { objective, options, start } = prepare('deepvision', 0);
  packedSteppers(objective, start(), options).dispose();
  expect(tf.memory().numTensors).toBe(before);
});
