/** The experiment's own pipeline.yaml: what each profile comes to, before anything runs. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { groupBy } from '@pipe-experiment/data/sources/groups.js';
import { expect, test } from 'vitest';
import { checkBaselines } from '../../stages/lib/baseline-params.js';
import { checkEvaluate } from '../../stages/lib/evaluate-params.js';
import { BASELINE_NAMES } from '../../stages/lib/methods.js';
import { createNetwork } from '../../stages/lib/nn/create.js';
import { countParams } from '../../stages/lib/nn/params.js';
import { parseSource } from '../../stages/lib/sources/parse.js';
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

test('the photographs are trained on with one seed for an hour, and on a GPU with three', () => {
  const hour = plan({ profiles: ['photos'] });
  expect(hour.items.filter(({ stage }) => stage === 'train').map(({ id }) => id)).toEqual([
    'train@portraits,restorer,1',
    'train@photos,restorer,1',
  ]);
  const photos = plan({ profiles: ['photos', 'gpu'], set: ['gpus=1'] });
  const trains = photos.items.filter(({ stage }) => stage === 'train');
  expect(trains.map(({ id }) => id)).toEqual(
    ['portraits', 'photos'].flatMap((set) =>
      [1, 2, 3].map((seed) => `train@${set},restorer,${seed}`),
    ),
  );
  expect(trains.every(({ resources }) => resources.gpu === 1)).toBe(true);
  expect(JSON.stringify(trains[0]!.params)).toContain('"backend":"webgpu"');
});

test('the archives of the photographs are optional deps of the downloads that read them', () => {
  const variant = { profiles: ['photos'] };
  const { sources } = plan(variant).params as { sources: Record<string, unknown> };
  for (const dataset of ['portraits', 'photos']) {
    const source = parseSource(sources[dataset], dataset) as { readonly path: string };
    expect(itemOf(plan(variant), `download@${dataset}`).deps).toContainEqual(
      expect.objectContaining({ path: source.path, optional: true }),
    );
  }
});

test('a class of ImageNet photographs is on one side of the split, any other photograph on its own', () => {
  const { sources } = plan({ profiles: ['photos'] }).params as { sources: Record<string, unknown> };
  const source = parseSource(sources.photos, 'sources.photos');
  const { group } = source as Extract<typeof source, { kind: 'path' }>;
  const groupOf = groupBy(group!);
  expect(groupOf('photos/imagenet-a/n01443537_goldfish.jpg')).toBe('n01443537');
  expect(groupOf('photos/imagenet-b/n01443537_11099_goldfish.jpg')).toBe('n01443537');
  expect(groupOf('photos/cat/cat.1000.jpg')).toBe('cat.1000.jpg');
  expect(groupOf('photos/bsds/100039.jpg')).toBe('100039.jpg');
});

test('the paper profile has the network and the data of the paper, and what it needs to hold them', () => {
  const paper = plan({ profiles: ['paper'] });
  const trains = paper.items.filter(({ stage }) => stage === 'train');
  expect(trains.map(({ id }) => id)).toEqual(
    ['ffhq', 'animals10'].flatMap((set) =>
      ['paper20', 'paper40', 'restorer'].map((model) => `train@${set},${model},1`),
    ),
  );
  const gpus = paper.items.filter(({ resources }) => resources.gpu === 1);
  expect([...new Set(gpus.map(({ stage }) => stage))]).toEqual(['train', 'evaluate']);
  const { model, image, split, train, baselines, evaluate } = paper.params as Record<
    string,
    never
  > & {
    model: Record<string, unknown>;
  };
  expect([image, split, train, evaluate]).toMatchObject([
    { size: 100, kernel: ['cubic', 'nearest'] },
    { train: 25_000, test: 2000 },
    { epochs: 350, backend: 'webgpu' },
    { backend: 'webgpu' },
  ]);
  const settings = ['square20', 'square40', 'double20', 'square44', 'square63'];
  const config = checkConfig({ train, model }, { model: 'paper20', seed: 1 }, settings);
  expect([config.train.batch, config.train.learningRate, config.model.kernel]).toEqual([
    32,
    0.0001,
    'nearest',
  ]);
  const network = createNetwork(config.model.network, 100, 1);
  expect(countParams(network.specs)).toBe(301_013_889);
  expect(checkEvaluate(evaluate).backend).toBe('webgpu');
  expect(checkBaselines(baselines).train).toBe(2000);
});

test('the ablation trains each switch of the code on both data sets with three seeds', () => {
  const ablation = plan({ profiles: ['ablation'] });
  const { model } = ablation.params as { model: Record<string, unknown> };
  const trains = ablation.items.filter(({ stage }) => stage === 'train');
  const models = [...new Set(trains.map(({ matrix }) => `${matrix.model}`))];
  expect(trains).toHaveLength(2 * 3 * models.length);
  const settings = ['side20', 'area20'];
  const switches = (name: string) =>
    flatten(checkConfig({ train: {}, model }, { model: name, seed: 1 }, settings).model);
  const code = switches('code');
  const changed = (name: string) =>
    Object.entries(switches(name)).flatMap(([path, value]) =>
      value === code[path] ? [] : [`${path} ${code[path]} → ${value}`],
    );
  expect(Object.fromEntries(models.map((name) => [name, changed(name)]))).toEqual({
    code: [],
    slope: ['network.slope 1 → 0.2'],
    area: ['occlusions side20 → area20'],
    masks: ['masks baked → fresh'],
    input: ['network.input image → image+mask'],
    prefill: ['prefill black → mean'],
    kernel: ['kernel nearest → first'],
    range: ['network.testRange unit → signed'],
    statistics: ['network.testStatistics batch → running'],
    latent: ['network.testLatent sample → mean'],
    right: [
      'network.slope 1 → 0.2',
      'network.input image → image+mask',
      'network.testRange unit → signed',
      'network.testStatistics batch → running',
      'network.testLatent sample → mean',
      'kernel nearest → first',
      'prefill black → mean',
      'masks baked → fresh',
    ],
  });
});

/** Leaves by their paths; a list is one leaf. */
function flatten(value: unknown, path = ''): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { [path]: `${value}` };
  const parts = Object.entries(value).map(([name, part]) =>
    flatten(part, path === '' ? name : `${path}.${name}`),
  );
  return Object.assign({}, ...parts);
}

test('a model is held against every classical fill unless a profile says otherwise, once for each data set', () => {
  expect(idsOf('baselines', { set: ['seeds=[1, 2]'] })).toEqual([
    'baselines@faces',
    'baselines@animals',
  ]);
  expect(needsOf(plan(), 'evaluate@faces,vae,1')).toContain('baselines@faces');
  expect(needsOf(plan(), 'baselines@faces')).not.toContain('train@faces,vae,1');
  for (const profiles of [[], ['photos'], ['paper'], ['shapes']]) {
    const { baselines } = plan({ profiles }).params as { baselines: unknown };
    expect(checkBaselines(baselines).methods).toEqual(BASELINE_NAMES);
  }
});
