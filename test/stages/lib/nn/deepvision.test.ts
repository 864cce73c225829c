import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { countParams, initParams, type ParamSpec } from '@pipe-experiment/networks/params.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { createNetwork } from '../../../../stages/lib/nn/create.js';
import { checkModel } from '../../../../stages/lib/nn/model-config.js';

beforeAll(() => openBackend('wasm'));

function model(switches: object) {
  return checkModel({ arch: 'deepvision', occlusions: ['a'], ...switches }, 'model.m', ['a']);
}

function network(switches: object, size = 100, channels = 1) {
  return createNetwork(model(switches).network, size, channels);
}

function countOf(specs: readonly ParamSpec[], prefix: RegExp): number {
  return countParams(specs.filter(({ name }) => prefix.test(name)));
}

describe('the network of the paper', () => {
  const { specs, noise } = network({ base: 'code' });

  test('has 301,013,889 parameters, block by block those of the code', () => {
    const memory = tf.memory().numTensors;
    expect(countParams(specs)).toBe(301_013_889);
    expect(countOf(specs, /^enc1/)).toBe(37_696);
    expect(countOf(specs, /^enc2/)).toBe(221_696);
    expect(countOf(specs, /^enc3/)).toBe(1_475_840);
    expect(countOf(specs, /^fc1/)).toBe(131_080_000);
    expect(countOf(specs, /^(mean|logvar)/)).toBe(2 * 12_001_500);
    expect(countOf(specs, /^(expand|fc4)/)).toBe(12_008_000 + 131_088_384);
    expect(countOf(specs, /^dec/)).toBe(1_099_273);
    expect(noise).toEqual([1500]);
    expect(tf.memory().numTensors).toBe(memory);
  });

  test('starts from the values of PyTorch', async () => {
    const of = (name: string) => specs.find((spec) => spec.name === name)!.init;
    const uniform = (fanIn: number) => ({ kind: 'uniform', bound: 1 / Math.sqrt(fanIn) });
    expect(of('enc1.conv2.weight')).toEqual(uniform(9 * 64));
    expect(of('enc1.conv2.bias')).toEqual(uniform(9 * 64));
    expect(of('fc1.weight')).toEqual(uniform(16_384));
    expect(of('dec1.weight')).toEqual(uniform(25 * 128)); // transposed: from the outputs
    expect(of('enc1.norm.weight')).toEqual({ kind: 'constant', value: 1 });
    const dense = network({ width: 0.05 }).specs.filter(({ name }) => name === 'fc1.weight');
    const values = (await initParams(dense, 1)['fc1.weight']!.data()) as Float32Array;
    const bound = 1 / Math.sqrt(8 * 8 * 13);
    expect(values.every((v) => Math.abs(v) <= Math.fround(bound))).toBe(true);
    const variance = values.reduce((sum, v) => sum + v * v, 0) / values.length;
    expect(variance / (bound ** 2 / 3)).toBeCloseTo(1, 1);
  });

  test('keeps its shape on other sizes, colours and widths', () => {
    for (const [switches, size, channels] of [
      [{ width: 0.03 }, 100, 3],
      [{ width: 0.03, padding: 'same' }, 100, 1],
      [{ width: 0.03, padding: 'same', downscale: 2 }, 100, 1],
      [{ width: 0.03 }, 44, 1],
      [{ width: 0.03, base: 'code' }, 64, 1],
    ] as const) {
      const { specs, restore } = network(switches, size, channels);
      const params = initParams(specs, 1);
      const seen = {
        filled: tf.ones([2, size, size, channels]) as tf.Tensor4D,
        mask: tf.ones([2, size, size, 1]) as tf.Tensor4D,
      };
      expect(restore(params, seen, undefined).shape).toEqual([2, size, size, channels]);
    }
    expect(() => network({}, 40)).toThrow('does not fit images of 40×40 pixels');
  });
});

describe('each switch has its effect', () => {
  const small = { width: 0.03 };
  const output = async (switches: object, images: number[], noise?: number, occluded = 0) => {
    const net = network({ ...small, ...switches }, 48);
    const params = initParams(net.specs, 1);
    const image = (shade: number) => tf.fill([1, 48, 48, 1], shade);
    const filled = tf.concat(images.map(image), 0) as tf.Tensor4D;
    const mask = tf.fill([images.length, 48, 48, 1], occluded) as tf.Tensor4D;
    const drawn = noise === undefined ? undefined : tf.fill([images.length, ...net.noise], noise);
    return net.restore(params, { filled, mask }, drawn).data();
  };

  test('slope 1 is the identity: the network without it', async () => {
    const [one, leaky] = [await output({ slope: 1 }, [0.3]), await output({ slope: 0.2 }, [0.3])];
    expect(one).not.toEqual(leaky);
  });

  test('the slope after the dense layers, which the code does not have, is a switch of its own', async () => {
    const code = { base: 'code', testLatent: 'mean' };
    const plain = await output(code, [0.3]);
    const dense = await output({ ...code, denseSlope: 0.2 }, [0.3]);
    const norms = await output({ ...code, slope: 0.2 }, [0.3]);
    expect(dense).not.toEqual(plain);
    expect(norms).not.toEqual(dense);
    expect(await output({ ...code, slope: 0.01 }, [0.3])).not.toEqual(norms);
  });

  test('a conditional prior knows what is visible, and its posterior the whole image in training', async () => {
    const net = network({ ...small, prior: 'conditional' }, 48);
    const params = initParams(net.specs, 1);
    const seen = {
      filled: tf.fill([2, 48, 48, 1], 0.3) as tf.Tensor4D,
      mask: tf.zeros([2, 48, 48, 1]) as tf.Tensor4D,
    };
    const noise = tf.zeros([2, ...net.noise]);
    const trained = async (shade: number) => {
      // Two images, since the statistics of the batch would take a single shade away.
      const target = tf.concat([tf.fill([1, 48, 48, 1], shade), tf.ones([1, 48, 48, 1])], 0);
      const { restored, kl } = net.train(params, seen, target as tf.Tensor4D, noise, 1);
      return { restored: await restored.data(), kl: await kl.data() };
    };
    const [dark, light] = [await trained(0.1), await trained(0.6)];
    expect(dark.restored).not.toEqual(light.restored);
    expect(Math.min(...dark.kl)).toBeGreaterThan(0);
    const standard = network(small, 48).specs;
    expect(net.specs.length).toBeGreaterThan(standard.length);
    expect(net.specs.filter(({ name }) => !name.startsWith('whole.'))).toEqual(standard);
    expect(net.restore(params, seen, undefined).shape).toEqual([2, 48, 48, 1]);
  });

  test('statistics of the batch make an image depend on its neighbours, running ones do not', async () => {
    const first = async (statistics: string, other: number) =>
      (await output({ testStatistics: statistics }, [0.3, other])).slice(0, 48 * 48);
    expect(await first('running', 0.9)).toEqual(await first('running', 0.1));
    expect(await first('batch', 0.9)).not.toEqual(await first('batch', 0.1));
  });

  test('at test the code does not bring the image to [−1, 1]: 0.5 looks like 0.75', async () => {
    expect(await output({ testRange: 'unit' }, [0.5])).toEqual(
      await output({ testRange: 'signed' }, [0.75]),
    );
  });

  test('noise moves the latent from its mean', async () => {
    expect(await output({}, [0.5], 1)).not.toEqual(await output({}, [0.5]));
    expect(await output({}, [0.5], 0)).toEqual(await output({}, [0.5]));
    expect(network({ base: 'code' }).atTest).toEqual({ latent: 'sample', statistics: 'batch' });
    expect(network({}).atTest).toEqual({ latent: 'mean', statistics: 'running' });
  });

  test('the mask is one channel more, the residual one addition more', async () => {
    const inputs = (switches: object) =>
      network(switches).specs.find(({ name }) => name === 'enc1.conv1.weight')!.shape[2];
    expect([inputs({ input: 'image' }), inputs({ input: 'image+mask' })]).toEqual([1, 2]);
    // Its last layer starts at zero, so what it adds is nothing yet; the image is sigmoid(0) without it.
    const residual = await output({ output: 'residual' }, [0.3], 0, 1);
    expect(residual.every((v) => v === Math.fround(0.3))).toBe(true);
  });
});

test('a wrong model is refused with the name of what is wrong', () => {
  expect(() => model({ widht: 1 })).toThrow('model.m.widht: unknown parameter');
  expect(() => model({ slope: 2 })).toThrow('model.m.slope: expected a number from 0 to 1');
  expect(() => model({ occlusions: ['b'] })).toThrow('model.m.occlusions[0]: expected one of a');
  expect(() => model({ arch: 'gan' })).toThrow('model.m.arch: expected one of');
});
