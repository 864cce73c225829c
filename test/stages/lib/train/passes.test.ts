/** The passes of each architecture, recorded at the first batch. */
import { createRandom } from '@pipe-experiment/data/random.js';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { sizeOf } from '@pipe-experiment/networks/params.js';
import { ReplayedPasses } from '@pipe-experiment/networks/training/passes.js';
import { type Derivatives, differentiate } from '@pipe-experiment/networks/training/step.js';
import { toTensors } from '@pipe-experiment/networks/training/values.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import '../../../../stages/cited/register.js';
import { createNetwork } from '../../../../stages/lib/nn/create.js';
import { checkModel } from '../../../../stages/lib/nn/model-config.js';
import { fillBatch } from '../../../../stages/lib/train/batch.js';
import { objectiveOf, valuesOf } from '../../../../stages/lib/train/objective.js';
import { initState } from '../../../../stages/lib/train/state.js';

beforeAll(() => openBackend('wasm'));

const SIZE = 24;

const SMALL = { width: 0.03, hidden: 16, latent: 4, padding: 'same' };
const MODELS: Readonly<Record<string, object>> = {
  deepvision: { arch: 'deepvision', ...SMALL, ssim: 1, known: 0.5 },
  restorer: { arch: 'restorer', width: 0.15, prefill: ['harmonic', 'tension'], ssim: 1 },
  'restorer with a latent': { arch: 'restorer', width: 0.15, latent: 2, posterior: 0.5 },
  contextual: { arch: 'contextual', width: 2 },
  'contextual with a critic': { arch: 'contextual', width: 2, critic: 0.01 },
  edge: { arch: 'edge', width: 2 },
  context: { arch: 'context', width: 0.05 },
  search: { arch: 'search', ...SMALL, steps: 3 },
};

const random = createRandom(1, 'passes');

/** Images and holes of their own. */
function draw(count: number) {
  const bytes = () => Uint8Array.from({ length: SIZE ** 2 }, () => random.int(256));
  const hole = () => {
    const [row, column] = [random.int(12), random.int(12)];
    const isIn = (at: number, from: number) => at >= from && at < from + 8;
    return Uint8Array.from({ length: SIZE ** 2 }, (_, i) =>
      isIn(Math.floor(i / SIZE), row) && isIn(i % SIZE, column) ? 1 : 0,
    );
  };
  const many = (make: () => Uint8Array) => Array.from({ length: count }, make);
  return { size: SIZE, channels: 1, images: many(bytes), masks: many(hole) };
}

function valuesIn({ gradients, losses, moments }: Derivatives) {
  const named = (tensors: tf.NamedTensorMap) =>
    Object.entries(tensors).map(([name, each]) => [name, each.shape, each.dataSync().slice()]);
  return [
    named(gradients),
    named(losses),
    moments.map(({ name, count, mean, variance }) => [name, count, named({ mean, variance })]),
  ];
}

test.each(Object.keys(MODELS))(
  'a replay of %s gives the bytes of a pass for batches of two sizes, and nothing leaks',
  (name) => {
    const model = checkModel({ ...MODELS[name], occlusions: ['a'] }, 'model.m', ['a']);
    const network = createNetwork(model.network, SIZE, 1);
    const objective = objectiveOf(network, { loss: model.loss, klShare: 1 });
    const { weights } = initState(network, { seed: 1, ema: 0.9 });
    const held = () => [tf.memory().numTensors, tf.engine().backend.numDataIds()];
    const before = held();
    const passes = new ReplayedPasses(objective);
    for (const count of [4, 3, 4, 4, 3]) {
      const noise = Float32Array.from({ length: count * sizeOf(network.noise) }, random.normal);
      const drawn = { ...fillBatch(draw(count), model.prefill), noise };
      const values = valuesOf(drawn, network.noise);
      const batch = toTensors(values);
      const expected = differentiate(objective, weights.params, batch, 0);
      const replayed = passes.differentiate(weights.params, values, 0);
      expect(valuesIn(replayed)).toEqual(valuesIn(expected));
      for (const each of [expected, replayed]) {
        tf.dispose([each.gradients, each.losses]);
        tf.dispose(each.moments.flatMap(({ mean, variance }) => [mean, variance]));
      }
      tf.dispose(batch);
    }
    passes.dispose();
    expect(held()).toEqual(before);
  },
);
