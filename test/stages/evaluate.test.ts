/** The stage `evaluate` on a small experiment: its figures and files, which are always the same. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHole } from '@pipe-experiment/fills/hole.js';
import { restoreBaselines } from '@pipe-experiment/fills/methods.js';
import { psnr } from '@pipe-experiment/images/errors.js';
import { ssim } from '@pipe-experiment/images/ssim.js';
import { spread } from '@pipe-experiment/numerics/statistics.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import evaluate from '../../stages/evaluate.js';
import {
  type BaselineIndex,
  readBaselineIndex,
  readBaselineScores,
  restoreAsKept,
} from '../../stages/lib/baselines.js';
import { restoreEach, scoresOf } from '../../stages/lib/evaluation.js';
import { readImages } from '../../stages/lib/images.js';
import { readMasks } from '../../stages/lib/masks.js';
import { type ItemScores, readScores } from '../../stages/lib/scores.js';
import { runStage } from './support/context.js';
import { baselinesOf } from './support/evaluated.js';
import { type Experiment, writeExperiment } from './support/experiment.js';

vi.mock('../../stages/lib/restore.js', async () => {
  const { rowModels } = await import('./support/restorer.js');
  return rowModels();
});

const root = mkdtempSync(join(tmpdir(), 'evaluate-'));
afterAll(() => rmSync(root, { recursive: true }));

const params = {
  evaluate: {
    bootstrap: 200,
    smallestEffect: 0.0005,
    examples: { best: 1, median: 1, worst: 1, seeded: 2 },
    samples: 2,
    seed: 1,
  },
};

const METHODS = [
  'none',
  'mean',
  'telea',
  'harmonic',
  'blend',
  'kriging',
  'fsr',
  'exemplar',
  'pca',
  'pca-mixture',
];
const asked = {
  train: 6,
  methods: METHODS,
  pca: { components: [2, 4], images: 18, validation: 5 },
};

async function run(name: string, experiment: Experiment, changed: object = {}, kept?: string) {
  const baselines = kept ?? (await baselinesOf(experiment, join(root, name), asked));
  const outs = { scores: join(root, name, 'scores'), metrics: join(root, name, 'metrics.json') };
  await runStage(evaluate, {
    item: 'evaluate@formula,rows',
    matrix: { dataset: 'formula', model: 'rows' },
    params: { evaluate: { ...params.evaluate, ...changed } },
    deps: { ...experiment, baselines },
    outs,
  });
  return { outs, baselines, scores: readScores(outs.scores) };
}

function digests(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => [
        file.slice(folder.length),
        createHash('sha256').update(readFileSync(file)).digest('hex'),
      ]),
  );
}

describe('evaluate', () => {
  let experiment: Experiment;
  let scores: ItemScores;
  let fills: BaselineIndex;
  let folder: string;
  let metrics: Record<string, Record<string, Record<string, Record<string, never>>>>;

  beforeAll(async () => {
    experiment = writeExperiment(join(root, 'gray'), {
      notes: ['capped'],
      history: [{ epoch: 1, loss: 2 }],
    });
    const done = await run('gray', experiment);
    scores = done.scores;
    folder = done.baselines;
    fills = readBaselineIndex(folder);
    metrics = JSON.parse(readFileSync(done.outs.metrics, 'utf8'));
  });

  it('scores the output of the model, rounded to 8 bits, as it is and with the known pixels kept', () => {
    const images = readImages(experiment.images);
    const mask = readMasks(experiment.masks, 'square24').mask(0);
    const original = images.data.subarray(0, 56 * 56);
    const whole = original.map((value, at) => (mask[at] ? rowMean(original, mask, at) : value + 4));
    const composite = original.map((value, at) => (mask[at] ? whole[at]! : value));
    const score = (target: 'whole' | 'composite', name: string) =>
      scoresOf(scores.test, 'square24', 'model', target, name)[0];

    expect(score('whole', 'ssim.wang')).toBeCloseTo(ssim(original, whole, 56, 56, 'wang'), 6);
    expect(score('composite', 'ssim.wang')).toBeCloseTo(
      ssim(original, composite, 56, 56, 'wang'),
      6,
    );
    expect(score('whole', 'ssim.uniform51')).toBeCloseTo(
      ssim(original, whole, 56, 56, 'uniform51'),
      6,
    );
    expect(score('composite', 'psnr')).toBeCloseTo(psnr(original, composite), 4);
    expect(score('whole', 'hole.mae')).toBe(score('composite', 'hole.mae'));
  });

  it('gives mean and deviation of every score of the model, by side, setting and target', () => {
    expect(Object.keys(metrics)).toEqual(['test', 'train']);
    expect(Object.keys(metrics.test!)).toEqual(['square12', 'square24']);
    expect(Object.keys(metrics.train!.square12!)).toEqual(['model']);
    const values = [...scoresOf(scores.test, 'square12', 'model', 'whole', 'ssim.global')];
    const leaf = { ssim: { global: { mean: 0, std: 0 } } };
    const tree = metrics.test!.square12!.model! as unknown as Record<string, typeof leaf>;
    expect(tree.whole!.ssim.global.mean).toBeCloseTo(spread(values).mean, 5);
    expect(tree.whole!.ssim.global.std).toBeCloseTo(spread(values).std, 5);
  });

  it('has the metrics of the classical methods in one file for the data set', () => {
    const tree = JSON.parse(readFileSync(join(root, 'gray', 'baselines.json'), 'utf8'));
    expect(Object.keys(tree.square12)).toEqual(METHODS);
    const values = scoresOf(scores.test, 'square24', 'fsr', 'composite', 'gms');
    expect(tree.square24.fsr.composite.gms.mean).toBeCloseTo(spread(values).mean, 5);
  });

  it('scores all test images and the requested number of train images', () => {
    expect(scores.index.sides).toEqual({
      test: { scored: 10, of: 10 },
      train: {
        scored: 6,
        of: 20,
        heldOut: fills.train.filter((image) => image % 3 === 0).length,
      },
    });
    expect(scores.index.sides.train.heldOut).toBeGreaterThan(0);
    expect(scores.train.images).toBe(6);
  });

  it('confirms what is expected: a larger hole costs more, doing nothing is worst', () => {
    const mean = (setting: string, method: string) => {
      const values = scoresOf(scores.test, setting, method, 'composite', 'ssim.wang');
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    for (const method of scores.index.methods) {
      expect(mean('square12', method)).toBeGreaterThan(mean('square24', method));
      if (method !== 'none')
        expect(mean('square24', method)).toBeGreaterThan(mean('square24', 'none'));
    }
    expect(mean('square24', 'harmonic')).toBeGreaterThan(mean('square24', 'mean'));
  });

  it('compares the model with each baseline, image by image', () => {
    const gain = (baseline: string) =>
      scores.index.gains.find(
        (one) =>
          one.setting === 'square24' && one.baseline === baseline && one.score === 'ssim.wang',
      )!;
    expect(scores.index.gains).toHaveLength(2 * METHODS.length * 2);
    expect(gain('none').low).toBeGreaterThan(0);
    const differences = [
      ...scoresOf(scores.test, 'square24', 'model', 'composite', 'ssim.wang'),
    ].map(
      (value, at) =>
        value - scoresOf(scores.test, 'square24', 'pca', 'composite', 'ssim.wang')[at]!,
    );
    expect(gain('pca').mean).toBeCloseTo(differences.reduce((a, b) => a + b, 0) / 10, 5);
  });

  it('picks the best, the median and the worst image of each setting, and the same seeded ones', () => {
    const values = scoresOf(scores.test, 'square12', 'model', 'composite', 'ssim.wang');
    const picks = scores.index.picks[0]!;
    expect(picks.map(({ kind }) => kind)).toEqual(['best', 'median', 'worst', 'seeded', 'seeded']);
    expect(values[picks[0]!.position]).toBe(Math.max(...values));
    expect(values[picks[2]!.position]).toBe(Math.min(...values));
    const seeded = scores.index.picks.map((list) => list.slice(3).map(({ position }) => position));
    expect(seeded[1]).toEqual(seeded[0]);
    expect(picks[0]!.ssim.model).toBeCloseTo(Math.max(...values), 4);
  });

  it('draws every layer of every pick', () => {
    const { layers } = scores.index;
    expect(layers.slice(-3)).toEqual(['model whole', 'sample 1', 'sample 2']);
    const area = 56 * 56;
    expect(scores.examples.length).toBe(2 * 5 * layers.length * area);
    const layer = (name: (typeof layers)[number]) => {
      const at = layers.indexOf(name) * area;
      return scores.examples.subarray(at, at + area);
    };
    const mask = readMasks(experiment.masks, 'square12').mask(scores.index.picks[0]![0]!.position);
    expect(
      layer('occluded').every((value, at) => value === (mask[at] ? 0 : layer('original')[at])),
    ).toBe(true);
    expect(
      layer('model').every((value, at) => mask[at] === 1 || value === layer('original')[at]),
    ).toBe(true);
    expect(layer('model whole')).not.toEqual(layer('model'));
    expect(layer('sample 2')).not.toEqual(layer('sample 1'));
  });

  it('passes on what the report also shows: source, history, notes, digests of the inputs', () => {
    const { index } = scores;
    expect(index.source.standIn).toBe(true);
    expect(index.history).toEqual([{ epoch: 1, loss: 2 }]);
    expect(index.notes).toEqual(['capped']);
    expect(Object.keys(index.digests)).toContain('baselines/cubic/square24.npy');
    const file = readFileSync(join(experiment.images, 'images.npy'));
    expect(index.digests['images/images.npy']).toBe(
      createHash('sha256').update(file).digest('hex'),
    );
  });

  it('writes the same bytes again', async () => {
    await run('again', experiment);
    expect(digests(join(root, 'again'))).toEqual(
      Object.fromEntries(
        Object.entries(digests(join(root, 'gray'))).filter(([file]) =>
          /scores|metrics|baselines/.test(file),
        ),
      ),
    );
  });

  it('accepts colour images, and images too small for a window', async () => {
    const colour = writeExperiment(join(root, 'colour'), {
      size: 24,
      channels: 3,
      count: 12,
      test: 4,
      occlusions: { dot: { shape: 'square', side: 6 } },
    });
    const done = await run('colour', colour, { samples: 0 });
    expect(done.scores.index.scores).toEqual([
      'ssim.wang',
      'ssim.skimage',
      'ssim.global',
      'gms',
      'psnr',
      'hole.mae',
      'hole.rmse',
    ]);
    expect(done.scores.examples.length).toBe(5 * done.scores.index.layers.length * 24 * 24 * 3);
    const [first] = scoresOf(done.scores.test, 'dot', 'mean', 'composite', 'ssim.wang');
    const images = readImages(colour.images);
    const image = images.data.subarray(0, 24 * 24 * 3);
    const mask = readMasks(colour.masks, 'dot').mask(0);
    const byChannel = [0, 1, 2].map((channel) => {
      const plane = image.filter((_, at) => at % 3 === channel);
      const known = plane.filter((_, at) => mask[at] === 0);
      const mean = Math.round(known.reduce((sum, value) => sum + value, 0) / known.length);
      return ssim(
        plane,
        plane.map((value, at) => (mask[at] ? mean : value)),
        24,
        24,
        'wang',
      );
    });
    expect(first).toBeCloseTo((byChannel[0]! + byChannel[1]! + byChannel[2]!) / 3, 6);
  });

  it('stops soon on request', async () => {
    const stop = AbortSignal.abort(new Error('enough'));
    await expect(
      runStage(evaluate, {
        params,
        deps: { ...experiment, baselines: folder },
        outs: { scores: join(root, 'stopped'), metrics: join(root, 'stopped.json') },
        signal: stop,
      }),
    ).rejects.toThrow('enough');
  });

  it.each([
    [{ smallestEffect: -1 }, 'evaluate.smallestEffect: expected a number from 0'],
    [{ sampels: 1 }, 'evaluate.sampels: unknown parameter'],
    [{ bootstrap: 3 }, 'evaluate.bootstrap: expected an integer from 100'],
  ])('names the wrong parameter: %j', async (changed, message) => {
    await expect(run('wrong', experiment, changed, folder)).rejects.toThrow(message);
  });

  it.each([
    [{ methods: ['harmonc'] }, 'baselines.methods[0]: expected one of none, mean'],
    [{ methods: [] }, 'baselines.methods: expected a list of classical methods'],
    [{ methods: ['pca', 'pca'] }, 'baselines.methods: a method is named twice'],
    [
      { pca: { components: [], images: 9, validation: 1 } },
      'baselines.pca.components: expected a list',
    ],
    [{ tran: 1 }, 'baselines.tran: unknown parameter'],
  ])('names the wrong parameter of the classical methods: %j', async (changed, message) => {
    await expect(baselinesOf(experiment, join(root, 'wrong'), changed)).rejects.toThrow(message);
  });

  it('uses the stored classical figures, which equal those that it would compute', async () => {
    const images = readImages(experiment.images);
    const masks = new Map([['square24', readMasks(experiment.masks, 'square24')]]);
    const restore = restoreAsKept(folder, 'cubic', masks, 1);
    let seen = 0;
    await restoreEach(
      { images, masks },
      'square24',
      fills.test,
      0,
      restore,
      (at, original, mask, all) => {
        const hole = createHole(mask, 56, 56);
        const own = restoreBaselines(['harmonic', 'fsr'], original, hole, 1, {});
        for (const name of ['harmonic', 'fsr'] as const) {
          expect(all.get(name)).toEqual(own.get(name));
          expect(scoresOf(scores.test, 'square24', name, 'composite', 'ssim.wang')[at]).toBeCloseTo(
            ssim(original, own.get(name)!.composite, 56, 56, 'wang'),
            6,
          );
        }
        seen++;
      },
    );
    expect(seen).toBe(10);
  });

  it('has the classical methods for each kernel that images are scaled by', async () => {
    const two = writeExperiment(join(root, 'kernels'), { count: 14, test: 4 });
    const index = JSON.parse(readFileSync(join(two.images, 'index.json'), 'utf8'));
    writeFileSync(
      join(two.images, 'index.json'),
      JSON.stringify({ ...index, kernels: ['cubic', 'nearest'] }),
    );
    const pixels = readFileSync(join(two.images, 'images.npy'));
    // Other pixels after the header: a ramp for each image.
    writeFileSync(
      join(two.images, 'images-nearest.npy'),
      pixels.map((value, at) => (at < 128 ? value : 60 + ((at - 128) % 56))),
    );
    const out = await baselinesOf(two, join(root, 'kernels'), { methods: ['harmonic', 'fsr'] });
    const wang = (kernel: 'cubic' | 'nearest') =>
      spread(
        scoresOf(
          readBaselineScores(out, kernel, 'test'),
          'square24',
          'harmonic',
          'composite',
          'ssim.wang',
        ),
      ).mean;
    expect(wang('nearest')).toBeGreaterThan(0.999);
    expect(wang('cubic')).toBeLessThan(0.99);
    const metrics = JSON.parse(readFileSync(join(root, 'kernels', 'baselines.json'), 'utf8'));
    expect(Object.keys(metrics)).toEqual(['cubic', 'nearest']);
  });

  it('chooses the components of PCA by setting, on train images', () => {
    const { components, fitted } = fills.kernels.cubic!;
    expect(Object.keys(components)).toEqual(['square12', 'square24']);
    for (const count of Object.values(components)) expect([2, 4]).toContain(count);
    expect(fitted).toBe(18);
    expect(scores.index.components).toEqual(components);
  });

  it('gives SSIM by the distance from the rim, for the model and for each fill', () => {
    const [, large] = scores.index.rims;
    expect(large).toHaveLength(METHODS.length + 1);
    // A square of 24 is 12 deep.
    for (const bins of large!) {
      expect(bins.slice(0, 3).every((value) => value !== null && value < 1)).toBe(true);
      expect(bins.slice(3)).toEqual([null, null]);
    }
    const harmonic = large![METHODS.indexOf('harmonic')]!;
    expect(harmonic[0]).toBeGreaterThan(harmonic[2]!);
  });

  it('counts the groups of the test images', () => {
    expect(scores.index.groups).toEqual({ train: 20, test: 10, ofTest: [...Array(10).keys()] });
  });

  it('keeps no samples that look the same', async () => {
    for (const { spread, range } of scores.index.samples) {
      expect(spread).toBeGreaterThan(1);
      expect(range?.calibrated).toBeCloseTo(1 / 3, 12);
      expect(range?.covered).toBeGreaterThan(0);
    }
    const one = await run('alike', experiment, { samples: 1 }, folder);
    expect(one.scores.index.samples).toEqual([{ spread: 0 }, { spread: 0 }]);
    expect(one.scores.index.layers.at(-1)).toBe('model whole');
    expect(one.scores.examples.length).toBe(2 * 5 * one.scores.index.layers.length * 56 * 56);
  });
});

function rowMean(image: Uint8Array, mask: Uint8Array, at: number): number {
  const row = Math.floor(at / 56) * 56;
  let sum = 0;
  let known = 0;
  for (let i = row; i < row + 56; i++) {
    if (mask[i]) continue;
    sum += image[i]!;
    known++;
  }
  return Math.round(sum / known);
}
