/** The experiment's own pipeline.yaml: what each profile comes to, before anything runs. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkConfig } from '../../stages/lib/train/config.js';
import { itemOf, needsOf, planOf, type Variant } from '../pipeline/rig.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TEXT = readFileSync(`${ROOT}pipeline.yaml`, 'utf8');

const plan = (variant: Variant = {}) => planOf(TEXT, variant);
const idsOf = (stage: string, variant: Variant = {}) =>
  plan(variant)
    .items.filter((item) => item.stage === stage)
    .map(({ id }) => id);

test('a training is an item for each data set, model and seed, and the report gathers them all', () => {
  expect(idsOf('train')).toEqual(['train@faces,vae,1', 'train@animals,vae,1']);
  const seeds = { set: ['seeds=[1, 2]'] };
  expect(idsOf('evaluate', seeds)).toEqual([
    'evaluate@faces,vae,1',
    'evaluate@faces,vae,2',
    'evaluate@animals,vae,1',
    'evaluate@animals,vae,2',
  ]);
  expect(needsOf(plan(seeds), 'report')).toEqual(idsOf('evaluate', seeds));
  expect(needsOf(plan(seeds), 'evaluate@faces,vae,2')).toContain('train@faces,vae,2');
});

test('the seed of a training is the one of its matrix, and of nothing else', () => {
  const { matrix, params } = itemOf(plan({ set: ['seeds=[7]'] }), 'train@faces,vae,7');
  expect(matrix).toEqual({ dataset: 'faces', model: 'vae', seed: 7 });
  expect(JSON.stringify(params)).not.toContain('seeds');
  const config = { train: {}, model: { vae: { arch: 'restorer', occlusions: ['a'] } } };
  const item = { model: 'vae', seed: 7 };
  expect(checkConfig(config, item, ['a']).train.seed).toBe(7);
  expect(() => checkConfig({ ...config, train: { seed: 1 } }, item, ['a'])).toThrow(
    'train.seed: unknown parameter',
  );
  expect(() => checkConfig(config, { ...item, seed: 'one' }, ['a'])).toThrow(
    'seeds: expected an integer from 0',
  );
});

test('the photographs are trained on with three seeds, on a GPU where one is asked for', () => {
  const photos = plan({
    profiles: ['photos'],
    set: ['gpus=1', 'train.backend=webgpu'],
  });
  const trains = photos.items.filter(({ stage }) => stage === 'train');
  expect(trains.map(({ id }) => id)).toEqual(
    ['portraits', 'photos'].flatMap((set) =>
      [1, 2, 3].map((seed) => `train@${set},restorer,${seed}`),
    ),
  );
  expect(trains.every(({ resources }) => resources.gpu === 1)).toBe(true);
  expect(JSON.stringify(trains[0]!.params)).toContain('"backend":"webgpu"');
});
