import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { ADAM_DEFAULTS, adamUpdate, initAdam } from '@pipe-experiment/networks/training/adam.js';
import { emaUpdate } from '@pipe-experiment/networks/training/ema.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';

beforeAll(() => openBackend('wasm'));

test('two updates by hand', async () => {
  // g = 0.5 then −0.25, learning rate 0.1, p = 1.
  // 1: m = 0.05, v = 0.00025; m̂ = 0.5, v̂ = 0.25; p = 1 − 0.1 · 0.5/0.5 = 0.9
  // 2: m = 0.045 − 0.025 = 0.02, v = 0.00024975 + 0.0000625 = 0.00031225
  //    m̂ = 0.02/0.19 = 0.105263158, v̂ = 0.00031225/0.001999 = 0.156203102, √v̂ = 0.395225381
  //    p = 0.9 − 0.1 · 0.105263158/0.395225381 = 0.873366297
  const config = { ...ADAM_DEFAULTS, learningRate: 0.1 };
  const params = { p: tf.tensor1d([1]) };
  const first = adamUpdate(config, params, { p: tf.tensor1d([0.5]) }, initAdam(params));
  expect((await first.params.p!.data())[0]).toBeCloseTo(0.9, 6);
  const second = adamUpdate(config, first.params, { p: tf.tensor1d([-0.25]) }, first.state);
  expect((await second.params.p!.data())[0]).toBeCloseTo(0.873366297, 6);
  expect(second.state.step).toBe(2);
  expect((await second.state.first.p!.data())[0]).toBeCloseTo(0.02, 8);
  expect((await second.state.second.p!.data())[0]).toBeCloseTo(0.00031225, 9);
});

test('epsilon stands outside the root, as in PyTorch', async () => {
  // m̂ = √v̂ = g = 1e-8 at the first step: the change is 0.1 · 1e-8/(1e-8 + 1e-8) = 0.05.
  const params = { p: tf.tensor1d([0]) };
  const config = { ...ADAM_DEFAULTS, learningRate: 0.1 };
  const { params: updated } = adamUpdate(
    config,
    params,
    { p: tf.tensor1d([1e-8]) },
    initAdam(params),
  );
  expect((await updated.p!.data())[0]).toBeCloseTo(-0.05, 4);
});

test('only variables with a gradient are updated', () => {
  const params = { p: tf.tensor1d([1]), fixed: tf.tensor1d([2]) };
  const config = { ...ADAM_DEFAULTS, learningRate: 0.1 };
  const { params: updated } = adamUpdate(config, params, { p: tf.tensor1d([1]) }, initAdam(params));
  expect(Object.keys(updated)).toEqual(['p']);
});

test('the average by hand: a short memory in the first steps, then the decay', async () => {
  const at = async (step: number) => {
    const average = emaUpdate({ p: tf.scalar(1) }, { p: tf.scalar(0) }, 0.9, step);
    return (await average.p!.data())[0];
  };
  expect(await at(1)).toBeCloseTo(2 / 11, 6);
  expect(await at(8)).toBeCloseTo(0.5, 6);
  expect(await at(1000)).toBeCloseTo(0.9, 6);
});
