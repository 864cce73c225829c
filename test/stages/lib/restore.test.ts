import { join } from 'node:path';
import { createRandom } from '@pipe-experiment/data/random.js';
import { openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { initParams } from '@pipe-experiment/networks/params.js';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNetwork } from '../../../stages/lib/nn/create.js';
import { checkModel } from '../../../stages/lib/nn/model-config.js';
import { writeModel } from '../../../stages/lib/nn/model-files.js';
import { loadModel } from '../../../stages/lib/restore.js';
import { temporaryFolder } from '../support/folders.js';

const SIZE = 48;
const PIXELS = SIZE * SIZE;
const folder = temporaryFolder();
afterAll(() => folder.remove());
beforeAll(() => openBackend('wasm'));

const random = createRandom(1, 'restore');
const COUNT = 30; // more than one batch
const images = Uint8Array.from({ length: COUNT * PIXELS }, () => random.int(256));
const masks = Uint8Array.from({ length: COUNT * PIXELS }, (_, i) => (i % SIZE < 20 ? 1 : 0));

const MODELS = {
  deepvision: { arch: 'deepvision', width: 0.03, padding: 'same' },
  restorer: { arch: 'restorer', width: 0.15, latent: 2 },
};

async function save(name: string, switches: object) {
  const model = checkModel({ ...switches, occlusions: ['a'] }, 'model.m', ['a']);
  const network = createNetwork(model.network, SIZE, 1);
  const path = join(folder.path, name);
  // As if trained: no layer still at its start of zero.
  const specs = network.specs.map((spec) =>
    spec.name.endsWith('.weight') && spec.init.kind === 'constant' && spec.init.value === 0
      ? { ...spec, init: { kind: 'uniform' as const, bound: 0.1 } }
      : spec,
  );
  await writeModel(
    path,
    { size: SIZE, channels: 1, images: 1, heldOut: [], epochs: 3, model },
    initParams(specs, 1),
  );
  return loadModel(path, { backend: 'wasm' });
}

describe.each(Object.entries(MODELS))('a saved %s', (name, switches) => {
  test('describes itself and restores every image on the scale 0 … 255', async () => {
    const model = await save(name, switches);
    expect(model.info).toMatchObject({ arch: name, size: SIZE, channels: 1, epochs: 3 });
    const progress: number[] = [];
    const restored = await model.restore(images, masks, {
      progress: (done, total) => progress.push(done / total),
    });
    expect(restored).toHaveLength(COUNT * PIXELS);
    expect(restored.every((v) => v >= 0 && v <= 255)).toBe(true);
    expect(progress.at(-1)).toBe(1);
    model.dispose();
  });

  test('never reads pixels that the mask covers', async () => {
    const model = await save(name, switches);
    const changed = images.map((v, i) => (masks[i] ? 255 - v : v));
    expect(await model.restore(changed, masks)).toEqual(await model.restore(images, masks));
    model.dispose();
  });

  test('gives an image the same fill alone, in a batch and at another place of a set', async () => {
    const model = await save(name, switches);
    for (const samples of [undefined, 1]) {
      const options = samples === undefined ? {} : { samples };
      const all = await model.restore(images, masks, options);
      const at = 27;
      const one = await model.restore(
        images.subarray(at * PIXELS, (at + 1) * PIXELS),
        masks.subarray(at * PIXELS, (at + 1) * PIXELS),
        { ...options, first: at },
      );
      expect(one).toEqual(all.slice(at * PIXELS, (at + 1) * PIXELS));
    }
    model.dispose();
  });

  test('draws samples that differ, by the seed, and gives the same again', async () => {
    const model = await save(name, switches);
    const [few, holes] = [images.subarray(0, 2 * PIXELS), masks.subarray(0, 2 * PIXELS)];
    const draw = (seed: number) => model.restore(few, holes, { samples: 2, seed });
    const samples = await draw(1);
    expect(samples).toHaveLength(2 * 2 * PIXELS);
    expect(samples.slice(0, 2 * PIXELS)).not.toEqual(samples.slice(2 * PIXELS));
    expect(await draw(1)).toEqual(samples);
    expect(await draw(2)).not.toEqual(samples);
    model.dispose();
  });

  test('leaks no tensor', async () => {
    const model = await save(name, switches);
    await model.restore(images, masks);
    const before = tf.memory().numTensors;
    await model.restore(images, masks, { samples: 2 });
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });
});

test('the code draws its latent at test, and normalises each image by itself', async () => {
  const model = await save('code', { ...MODELS.deepvision, base: 'code', padding: 'same' });
  const one = await model.restore(images, masks, { seed: 1 });
  expect(await model.restore(images, masks, { seed: 2 })).not.toEqual(one);
  const last = (COUNT - 1) * PIXELS;
  const alone = await model.restore(images.subarray(last), masks.subarray(last), {
    seed: 1,
    first: COUNT - 1,
  });
  expect(alone).toEqual(one.slice(last));
  model.dispose();
});

test('the operations of an image contain all passes of its symmetries', async () => {
  const operations = async (symmetries: string) => {
    const model = await save(symmetries, { ...MODELS.restorer, symmetries });
    const count = await model.countOperations();
    model.dispose();
    return count;
  };
  const once = await operations('none');
  expect(once).toBeGreaterThan(0);
  expect(await operations('mirror')).toBe(2 * once);
  expect(await operations('all')).toBe(8 * once);
});

test('bytes that are not such images are refused', async () => {
  const model = await save('refused', MODELS.deepvision);
  await expect(model.restore(images.subarray(1), masks)).rejects.toThrow(
    'are not a batch of 48×48×1',
  );
  model.dispose();
});
