/** The cited systems as architectures: their properties, and that they learn. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import '../../stages/cited/register.js';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { initParams, type Params } from '@pipe-experiment/networks/params.js';
import { applyUpdate, differentiate } from '@pipe-experiment/networks/training/step.js';
import { attend } from '../../stages/cited/contextual.js';
import { criticSpecs, judge } from '../../stages/cited/critic.js';
import { edgesOf } from '../../stages/cited/edge.js';
import { dilated } from '../../stages/cited/hourglass.js';
import { createNetwork } from '../../stages/lib/nn/create.js';
import { checkModel } from '../../stages/lib/nn/model-config.js';
import { createBatch } from '../../stages/lib/train/batch.js';
import { objectiveOf } from '../../stages/lib/train/objective.js';
import { initState } from '../../stages/lib/train/state.js';

beforeAll(() => openBackend('wasm'));

const SIZE = 24;

const MODELS: Readonly<Record<string, object>> = {
  contextual: { arch: 'contextual', width: 2 },
  'contextual with a critic': { arch: 'contextual', width: 2, critic: 0.01 },
  edge: { arch: 'edge', width: 2 },
  'edge with true edges': { arch: 'edge', width: 2, edges: 'true' },
  context: { arch: 'context', width: 0.05 },
  search: {
    arch: 'search',
    width: 0.03,
    hidden: 16,
    latent: 4,
    padding: 'same',
    steps: 3,
  },
};

/** Four ramps with a disc, each with a hole of 8×8. */
function examples(channels = 1) {
  const pixels = (image: number) =>
    Uint8Array.from({ length: SIZE * SIZE * channels }, (_, i) => {
      const [x, y] = [Math.floor(i / channels) % SIZE, Math.floor(i / channels / SIZE)];
      return (
        40 + 5 * x + 2 * y * (image % 2) + ((x - 12) ** 2 + (y - 9 - image) ** 2 < 40 ? 60 : 0)
      );
    });
  const mask = Uint8Array.from({ length: SIZE * SIZE }, (_, i) =>
    Math.abs((i % SIZE) - 11.5) < 4 && Math.abs(Math.floor(i / SIZE) - 11.5) < 4 ? 1 : 0,
  );
  const all = [0, 1, 2, 3];
  return { size: SIZE, channels, images: all.map(pixels), masks: all.map(() => mask) };
}

function modelOf(switches: object, channels = 1) {
  const model = checkModel({ occlusions: ['a'], ...switches }, 'model.m', ['a']);
  const network = createNetwork(model.network, SIZE, channels);
  return { model, network, batch: createBatch(examples(channels), model.prefill) };
}

describe.each(Object.entries(MODELS))('%s', (_, switches) => {
  test('restores gray and colour, and leaves the known pixels as they are', async () => {
    for (const channels of [1, 3]) {
      const { network, batch } = modelOf(switches, channels);
      const restored = network.restore(initParams(network.specs, 1), batch, undefined);
      expect(restored.shape).toEqual([4, SIZE, SIZE, channels]);
      const [out, target] = [await restored.data(), await batch.target.data()];
      const hidden = await batch.mask.data();
      const gaps = out.map((value, i) =>
        hidden[Math.floor(i / channels)] === 1 ? 0 : Math.abs(value - target[i]!),
      );
      expect(Math.max(...gaps)).toBeLessThan(1e-6);
    }
  });

  test('learns: every parameter changes, and the error in the training images falls', async () => {
    const { model, network, batch } = modelOf(switches);
    const inputs = { ...batch, noise: tf.zeros([4, ...network.noise]) };
    const objective = objectiveOf(network, { loss: model.loss, klShare: 1 });
    let { weights } = initState(network, { seed: 1, ema: 0 });
    const before = await copyOf(weights.params);
    const losses: number[] = [];
    for (let step = 0; step < 12; step++) {
      const options = {
        adam: { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        ema: 0,
      };
      const pass = differentiate(objective, weights.params, inputs, 0);
      const done = applyUpdate(weights, pass, options);
      weights = done.weights;
      losses.push((await done.losses.reconstruction!.data())[0]!);
    }
    expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]!);
    const after = await copyOf(weights.params);
    const still = network.specs.filter(
      ({ name, trainable }) => trainable && `${after[name]}` === `${before[name]}`,
    );
    expect(still.map(({ name }) => name)).toEqual([]);
  });
});

async function copyOf(params: Params): Promise<Record<string, Float32Array>> {
  const entries = Object.entries(params).map(
    async ([name, x]) => [name, Float32Array.from(await x.data())] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

test('a dilated layer is the convolution with holes in its kernel', async () => {
  const x = tf.randomUniform([2, 11, 11, 3], 0, 1, 'float32', 3) as tf.Tensor4D;
  const kernel = tf.randomUniform([3, 3, 3, 2], -1, 1, 'float32', 4) as tf.Tensor4D;
  for (const dilation of [1, 2, 4]) {
    const ours = dilated(x, dilation, (phase) => tf.conv2d(phase, kernel, 1, 'same'));
    const theirs = tf.conv2d(x, kernel, 1, 'same', 'NHWC', dilation);
    const gap = await tf.max(tf.abs(tf.sub(ours, theirs))).data();
    expect(gap[0]).toBeLessThan(1e-5);
  }
});

test('attention copies known content from similar places, and nothing from the hole', async () => {
  // Stripes of two features; the hole hides one column, whose neighbours show which stripe it
  // belongs to.
  const [grid, hidden] = [9, 4];
  const stripe = (x: number) => (x === hidden ? [0, 0] : x % 2 === 0 ? [9, 0] : [0, 9]);
  const values = Array.from({ length: grid * grid }, (_, i) => stripe(i % grid)).flat();
  const features = tf.tensor4d(values, [1, grid, grid, 2]);
  const touched = tf.tensor4d(
    Array.from({ length: grid * grid }, (_, i) => (i % grid === hidden ? 1 : 0)),
    [1, grid, grid, 1],
  );
  const out = await attend(features, touched).data();
  const middle = (4 * grid + hidden) * 2;
  expect(out[middle]! + out[middle + 1]!).toBeCloseTo(9, 3); // the hole's own zeros have no weight
  expect(out[middle]!).toBeGreaterThan(8); // even columns have odd neighbours, as the hidden one has
});

test('the critic and the network that it judges do not see each other’s gradients', async () => {
  const specs = criticSpecs('critic', 1, 2);
  const params = initParams(specs, 1);
  const names = specs.map(({ name }) => name);
  const real = tf.randomUniform([2, 16, 16, 1], 0, 1, 'float32', 5) as tf.Tensor4D;
  const restored = tf.randomUniform([2, 16, 16, 1], 0, 1, 'float32', 6) as tf.Tensor4D;
  const mask = tf.ones([2, 16, 16, 1]) as tf.Tensor4D;
  const largest = async (part: 'critic' | 'network') => {
    const gradients = tf.grads((image: tf.Tensor, ...weights: tf.Tensor[]) => {
      const given = Object.fromEntries(names.map((name, i) => [name, weights[i]!]));
      return judge('critic', given, real, image as tf.Tensor4D, mask)[part];
    })([restored, ...names.map((name) => params[name]!)]);
    const sizes = await Promise.all(gradients.map((g) => tf.max(tf.abs(g)).data()));
    return { image: sizes[0]![0]!, weights: Math.max(...sizes.slice(1).map((size) => size[0]!)) };
  };
  const [critic, network] = [await largest('critic'), await largest('network')];
  expect([critic.image, network.weights]).toEqual([0, 0]);
  expect(Math.min(critic.weights, network.image)).toBeGreaterThan(0);
});

test('edges are where brightness changes, up to 1, and the image’s border is none', async () => {
  const step = tf.tensor4d(
    Array.from({ length: 36 }, (_, i) => (i % 6 < 3 ? 0 : 1)),
    [1, 6, 6, 1],
  );
  const row = (await edgesOf(step).data()).slice(0, 6);
  expect([...row]).toEqual([0, 0, 1, 1, 0, 0]);
});

test('the search of a latent improves with its steps', async () => {
  const error = async (steps: number) => {
    const { network, batch } = modelOf({ ...MODELS.search, steps });
    const params = initParams(network.specs, 2);
    const restored = network.restore(params, batch, undefined);
    const gap = tf.mul(tf.sub(restored, batch.target), batch.mask);
    return (await tf.sum(tf.square(gap)).data())[0]!;
  };
  const [short, long] = [await error(1), await error(20)];
  expect(long).not.toBe(short);
  expect(Number.isFinite(long)).toBe(true);
});
