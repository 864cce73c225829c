/** The experiment's own pipeline.yaml: the plan of each profile, before anything runs. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { groupBy } from '@pipe-experiment/data/sources/groups.js';
import { BASELINE_NAMES } from '@pipe-experiment/fills/methods.js';
import { countParams } from '@pipe-experiment/networks/params.js';
import { expect, test } from 'vitest';
import { checkBaselines } from '../../stages/lib/baseline-params.js';
import { CITED } from '../../stages/lib/cited.js';
import { checkEvaluate } from '../../stages/lib/evaluate-params.js';
import { createNetwork } from '../../stages/lib/nn/create.js';
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
  expect(idsOf('train')).toEqual([
    'train@faces,vae,1',
    'train@faces,restorer,1',
    'train@animals,vae,1',
    'train@animals,restorer,1',
  ]);
  const seeds = { set: ['models=[vae]', 'seeds=[1, 2]'] };
  expect(idsOf('evaluate', seeds)).toEqual([
    'evaluate@faces,vae,1',
    'evaluate@faces,vae,2',
    'evaluate@animals,vae,1',
    'evaluate@animals,vae,2',
  ]);
  expect(needsOf(plan(seeds), 'report')).toEqual(idsOf('evaluate', seeds));
  expect(needsOf(plan(seeds), 'evaluate@faces,vae,2')).toContain('train@faces,vae,2');
});

test('the seed of a training comes only from its matrix', () => {
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
    'train@portraits,restorer-fsr,1',
    'train@portraits,restorer-mirror,1',
    'train@photos,restorer-fsr,1',
    'train@photos,restorer-mirror,1',
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

test('the paper profile has the network and the data of the paper, and enough room for them', () => {
  const paper = plan({ profiles: ['paper'] });
  const trains = paper.items.filter(({ stage }) => stage === 'train');
  expect(trains.map(({ id }) => id)).toEqual(
    ['ffhq', 'animals10'].flatMap((set) =>
      ['paper20', 'restorer'].map((model) => `train@${set},${model},1`),
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
    slope001: ['network.slope 1 → 0.01'],
    dense: ['network.denseSlope 1 → 0.2'],
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
      'network.denseSlope 1 → 0.2',
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

test('a model is compared with every classical fill unless a profile says otherwise, once for each data set', () => {
  expect(idsOf('baselines', { set: ['seeds=[1, 2]'] })).toEqual([
    'baselines@faces',
    'baselines@animals',
  ]);
  expect(needsOf(plan(), 'evaluate@faces,vae,1')).toContain('baselines@faces');
  expect(needsOf(plan(), 'baselines@faces')).not.toContain('train@faces,vae,1');
  const methodsOf = (profiles: string[]) =>
    checkBaselines((plan({ profiles }).params as { baselines: unknown }).baselines).methods;
  for (const profiles of [[], ['photos'], ['paper'], ['shapes'], ['homogeneity-photos']])
    expect(methodsOf(profiles)).toEqual(BASELINE_NAMES);
});

test('the second experiment of the paper is trained on faces alone for 50 epochs, and tested on one square and two', () => {
  const second = plan({ profiles: ['paper', 'second'] });
  const trains = second.items.filter(({ stage }) => stage === 'train');
  expect(trains.map(({ id }) => id)).toEqual(['train@ffhq,paper40,1', 'train@ffhq,paper40area,1']);
  const { train, occlude, occlusions, split } = second.params as Record<string, unknown>;
  expect([train, occlude, split]).toMatchObject([
    { epochs: 50, backend: 'webgpu' },
    { settings: ['square40', 'double20', 'square63', 'double45'] },
    { train: 25_000, test: 2000 },
  ]);
  const { double45 } = occlusions as { double45: { side: number; count: number } };
  // 20 % of 10,000 pixels, twice.
  expect([Math.abs(double45.side ** 2 - 2000) < 50, double45.count]).toEqual([true, 2]);
});

test('each cited system is trained on photographs for its own number of epochs', () => {
  const { items } = plan({ profiles: ['neighbours-photos'] });
  const targets = items.flatMap(({ id, epochs }) => (epochs ? [[id, epochs.target]] : []));
  expect(Object.fromEntries(targets)).toMatchObject({
    'train@photos,contextual,1': 12,
    'train@photos,edge,1': 20,
    'train@photos,vae,1': 15,
  });
  const few = plan({ profiles: ['neighbours-photos'], set: ['train.epochs=2'] });
  expect(new Set(few.items.flatMap(({ epochs }) => epochs?.target ?? []))).toEqual(new Set([2]));
});

test('data sets of the homogeneity profile differ in one property, with equal counts and budgets', () => {
  const { items, params } = plan({ profiles: ['homogeneity'] });
  const { homogeneity, sources } = params as {
    homogeneity: Record<string, string[]>;
    sources: Record<string, object>;
  };
  const trained = items.filter(({ stage }) => stage === 'train');
  expect(trained.map(({ matrix }) => matrix.dataset)).toEqual(Object.values(homogeneity).flat());
  expect(new Set(trained.map((item) => JSON.stringify(item.params))).size).toBe(1);
  for (const [axis, part] of [
    ['alignment', 'vary'],
    ['classes', 'kinds'],
  ] as const) {
    const rest = homogeneity[axis]!.map((name) => {
      const source = parseSource(sources[name], name) as unknown as Record<string, unknown>;
      return JSON.stringify({ ...source, [part]: undefined });
    });
    expect(new Set(rest).size).toBe(1);
  }
});

test.each(['neighbours', 'neighbours-photos'])(
  'the profile %s names a model for each cited system, with programs that know them',
  async (profile) => {
    await import('../../stages/cited/register.js');
    const variant = { profiles: [profile] };
    const { model } = plan(variant).params as { model: Record<string, unknown> };
    const trains = plan(variant).items.filter(({ stage }) => stage === 'train');
    const models = [...new Set(trains.map(({ matrix }) => `${matrix.model}`))];
    const rows = CITED.rows.flatMap(([, row]) => row!.split(', '));
    expect(models.filter((name) => name !== 'vae' && !rows.includes(name))).toEqual([]);
    for (const name of models) {
      const { network } = checkConfig({ train: {}, model }, { model: name, seed: 1 }, [
        'square20',
        'square40',
        'double20',
        'square44',
        'square63',
      ]).model;
      expect(countParams(createNetwork(network, 100, 1).specs)).toBeGreaterThan(100_000);
    }
    expect(JSON.stringify(trains[0]!.action)).toContain('stages/cited/train.ts');
  },
);
