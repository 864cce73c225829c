import { expect, test } from 'vitest';
import { createNetwork } from '../../../../stages/lib/nn/create.js';
import { checkModel } from '../../../../stages/lib/nn/model-config.js';
import { assertFits } from '../../../../stages/lib/train/memory.js';

const specs = (width: number) => {
  const given = { arch: 'deepvision', base: 'code', width, occlusions: ['a'] };
  return createNetwork(checkModel(given, 'model.m', ['a']).network, 100, 1).specs;
};

test('the network of the paper is refused only on wasm, with a hint', () => {
  expect(() => assertFits('wasm', specs(1), false)).toThrow(
    /^301013889 parameters take 7\.8 GiB in training.*\n.*width smaller, or train on a GPU/,
  );
  expect(() => assertFits('node-gpu', specs(1), true)).not.toThrow();
});

test('a half of its width fits, but not with an average of the weights', () => {
  expect(() => assertFits('wasm', specs(0.5), false)).not.toThrow();
  expect(() => assertFits('wasm', specs(0.6), true)).toThrow('more than the wasm backend can hold');
});
