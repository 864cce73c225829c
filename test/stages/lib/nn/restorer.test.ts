import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { countParams, initParams, type Params } from '@pipe-experiment/networks/params.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { createNetwork } from '../../../../stages/lib/nn/create.js';
import { checkModel } from '../../../../stages/lib/nn/model-config.js';

beforeAll(() => openBackend('wasm'));

const SIZE = 40;

function network(switches: object, size = SIZE, channels = 1) {
  const given = { arch: 'restorer', occlusions: ['a'], ...switches };
  return createNetwork(checkModel(given, 'model.m', ['a']).network, size, channels);
}

const SMALL = { width: 0.15, latent: 2 };

/** Weights as after some training: none at its start of zero. */
function trained(net: ReturnType<typeof network>, seed = 1): Params {
  const specs = net.specs.map((spec) => ({
    ...spec,
    init: { kind: 'uniform' as const, bound: 0.25 },
  }));
  return initParams(specs, seed);
}

/** Two images of random pixels with a hole of 16×16 in a corner of 5×5 cells of the latent's grid. */
function scene(channels = 1) {
  const filled = tf.randomUniform([2, SIZE, SIZE, channels], 0, 1, 'float32', 7) as tf.Tensor4D;
  const mask = tf.pad(tf.ones([2, 16, 16, 1]), [
    [0, 0],
    [0, 24],
    [0, 24],
    [0, 0],
  ]) as tf.Tensor4D;
  return { filled, mask };
}

test('has at most 10 million parameters at width 2, for which it is meant on a GPU', () => {
  expect(countParams(network({ width: 2 }, 100).specs)).toBeLessThan(10_000_000);
  expect(countParams(network({ width: 1 }, 100).specs)).toBeLessThan(2_500_000);
});

test('is the pre-fill itself before any training', async () => {
  const net = network(SMALL);
  const seen = scene();
  const restored = net.restore(initParams(net.specs, 1), seen, undefined);
  expect(await restored.data()).toEqual(await seen.filled.data());
});

describe('shown two pre-fills', () => {
  const prefill = ['harmonic', 'biharmonic'];
  const spreadOf = (channels: number) =>
    tf.mul(scene(channels).filled, scene(channels).mask) as tf.Tensor4D;

  test('is their mean before any training', async () => {
    const net = network({ ...SMALL, prefill });
    const seen = { ...scene(), spread: spreadOf(1) };
    const restored = net.restore(initParams(net.specs, 1), seen, undefined);
    expect(await restored.data()).toEqual(await seen.filled.data());
  });

  test('goes to either side by a weight for each pixel, one for all its colours', async () => {
    const net = network({ ...SMALL, prefill }, SIZE, 3);
    const params = initParams(net.specs, 1);
    // Nothing is painted, and every weight is −½.
    const leaning = { ...params, 'out.bias': tf.tensor1d([0, 0, 0, -0.5]) };
    const { filled, mask } = scene(3);
    const spread = spreadOf(3);
    const restored = await net.restore(leaning, { filled, mask, spread }, undefined).data();
    const expected = await tf.sub(filled, tf.mul(spread, 0.5)).data();
    const gaps = Array.from(restored, (value, i) => Math.abs(value - expected[i]!));
    expect(Math.max(...gaps)).toBeLessThan(1e-6);
  });

  test('sees how they differ', async () => {
    const net = network({ ...SMALL, prefill });
    const params = trained(net);
    const leaningNowhere = async (spread: tf.Tensor4D) => {
      // The weights' own share is taken away: what is left is what the layers made of the input.
      const [kernel, bias] = [params['out.weight']!, params['out.bias']!];
      const paint = tf.tensor1d([1, 0]);
      const still = {
        ...params,
        'out.weight': tf.mul(kernel, paint),
        'out.bias': tf.mul(bias, paint),
      };
      return net.restore(still, { ...scene(), spread }, undefined).data();
    };
    const one = await leaningNowhere(spreadOf(1));
    expect(await leaningNowhere(tf.neg(spreadOf(1)))).not.toEqual(one);
  });
});

test('leaves the known pixels as they are', async () => {
  const net = network(SMALL);
  const seen = scene();
  const restored = await net.restore(trained(net), seen, undefined).data();
  const [filled, mask] = [await seen.filled.data(), await seen.mask.data()];
  const changed = Float32Array.from(restored, (v, i) => (v === filled[i] ? 0 : 1));
  expect(changed.every((c, i) => c === 0 || mask[i] === 1)).toBe(true);
  expect(changed.reduce((sum, c) => sum + c, 0)).toBeGreaterThan(400);
});

test('works on other sizes and on colours', () => {
  for (const [size, channels] of [
    [100, 1],
    [37, 3],
  ] as const) {
    const net = network(SMALL, size, channels);
    const filled = tf.ones([1, size, size, channels]) as tf.Tensor4D;
    const mask = tf.ones([1, size, size, 1]) as tf.Tensor4D;
    const restored = net.restore(initParams(net.specs, 1), { filled, mask }, undefined);
    expect(restored.shape).toEqual([1, size, size, channels]);
  }
  expect(() => network(SMALL, 16)).toThrow('needs images of 17×17 pixels or more');
});

describe('the latent', () => {
  const pass = async (posterior: number, noise: number, target = 0.9) => {
    const net = network({ ...SMALL, posterior });
    const seen = scene();
    const image = tf.fill([2, SIZE, SIZE, 1], target) as tf.Tensor4D;
    const drawn = tf.fill([2, ...net.noise], noise);
    const { restored, kl } = net.train(trained(net), seen, image, drawn, 1);
    return { restored: await restored.data(), kl: await kl.data() };
  };
  const half = (SIZE * SIZE) | 0;

  test('has a prior that is never narrower than 1, and may be wider', async () => {
    const net = network(SMALL);
    const params = trained(net);
    const priorOf = (logvar: number) => ({
      ...params,
      'prior.weight': tf.zerosLike(params['prior.weight']!),
      'prior.bias': tf.tensor1d([0, 0, logvar, logvar]), // two means, two log-variances
    });
    const noise = tf.ones([2, ...net.noise]);
    const sample = async (logvar: number) => net.restore(priorOf(logvar), scene(), noise).data();
    const one = await sample(0);
    expect(await sample(-20)).toEqual(one);
    expect(await sample(1)).not.toEqual(one);
  });

  test('depends on the target in the posterior, but not in the prior', async () => {
    expect((await pass(1, 0, 0.9)).restored).not.toEqual((await pass(1, 0, 0.1)).restored);
    expect((await pass(0, 0, 0.9)).restored).toEqual((await pass(0, 0, 0.1)).restored);
  });

  test('costs nats if the posterior is used, and none if the mean of the prior is used', async () => {
    const [first, second] = (await pass(0.5, 1)).kl;
    expect(first).toBeGreaterThan(0);
    expect(second).toBeCloseTo(0, 5); // rounded
  });

  test('is the mean of the prior in the rest of the batch, and at test', async () => {
    const net = network({ ...SMALL, posterior: 0.5 });
    const atTest = await net.restore(trained(net), scene(), undefined).data();
    const training = (await pass(0.5, 1)).restored;
    expect(training.slice(half)).toEqual(atTest.slice(half));
    expect(training.slice(0, half)).not.toEqual(atTest.slice(0, half));
  });

  test('has no samples if no posterior was trained', async () => {
    const net = network({ ...SMALL, posterior: 0 });
    const params = trained(net);
    const noise = tf.ones([2, ...net.noise]);
    const sample = await net.restore(params, scene(), noise).data();
    expect(sample).toEqual(await net.restore(params, scene(), undefined).data());
  });

  test('has parameters of a posterior only if one is trained', () => {
    const namesOf = (posterior: number) =>
      network({ ...SMALL, posterior }).specs.map(({ name }) => name);
    const more = namesOf(0.5).filter((name) => !namesOf(0).includes(name));
    expect(more.length).toBeGreaterThan(0);
    for (const name of more) expect(name).toMatch(/^(seen\d|posterior)\./);
    expect(namesOf(0).filter((name) => !namesOf(0.5).includes(name))).toEqual([]);
  });

  test('is that of the hole alone: noise in cells away from it changes nothing', async () => {
    const net = network(SMALL);
    const params = trained(net);
    const restore = async (row: number) => {
      const [grid, , depth] = net.noise as [number, number, number];
      const at = tf.tidy(() => {
        const line = tf.ones([2, 1, grid, depth]);
        return tf.pad(line, [
          [0, 0],
          [row, grid - row - 1],
          [0, 0],
          [0, 0],
        ]);
      });
      return net.restore(params, scene(), at).data();
    };
    const none = await net.restore(params, scene(), undefined).data();
    expect(await restore(4)).toEqual(none);
    expect(await restore(1)).not.toEqual(none);
  });
});
