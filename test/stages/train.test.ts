import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readJson } from '../../stages/lib/json.js';
import type { ModelFile } from '../../stages/lib/nn/model-files.js';
import type { EpochRecord } from '../../stages/lib/train/state.js';
import { startTeam } from '../../stages/lib/train/team.js';
import { type Experiment, writeExperiment } from './support/experiment.js';
import { folderDigests, temporaryFolder } from './support/folders.js';
import { bundleTrain, type TrainOrder, type TrainProcess } from './support/train.js';

const folder = temporaryFolder();
let train: TrainProcess;
let experiment: Experiment;

beforeAll(async () => {
  train = await bundleTrain();
  experiment = writeExperiment(join(folder.path, 'experiment'), {
    size: SIZE,
    count: 26,
    test: 10,
  });
});

afterAll(() => {
  train.remove();
  folder.remove();
});

/** Pixels a side. */
const SIZE = 32;

const OCCLUSIONS = {
  square12: { shape: 'square', side: 12 },
  square24: { shape: 'square', side: 24 },
};

const MODELS = {
  deepvision: { arch: 'deepvision', width: 0.03, hidden: 16, latent: 4, padding: 'same' },
  restorer: { arch: 'restorer', width: 0.15, latent: 2 },
};

function order(
  run: string,
  model: object,
  completed: number,
  target: number,
  seed = 3,
  shards = 1,
): TrainOrder {
  const { images, masks, split } = experiment;
  return {
    params: {
      image: { size: SIZE, channels: 1 },
      train: {
        epochs: target,
        batch: 8,
        shards,
        validation: 4,
        ema: 0.9,
        flip: true,
        backend: 'wasm',
      },
      occlusions: OCCLUSIONS,
      model: { tiny: { ...model, occlusions: ['square12', 'square24'] } },
    },
    deps: { images, masks, split },
    seed,
    out: join(folder.path, `${run}-${target}-out`),
    states: join(folder.path, run),
    completed,
    target,
    cpu: 1,
  };
}

describe.each(Object.entries(MODELS))('%s', (name, model) => {
  test('resumed in new processes equals uninterrupted, byte for byte: states and outs', async () => {
    await Promise.all([
      train.run(order(`${name}-straight`, model, 0, 3)),
      (async () => {
        await train.run(order(`${name}-resumed`, model, 0, 1));
        await train.run(order(`${name}-resumed`, model, 1, 3));
      })(),
    ]);
    const state = (run: string, epoch: number) =>
      folderDigests(join(folder.path, `${name}-${run}`, `${epoch}`));
    for (const epoch of [1, 2, 3]) {
      expect(state('resumed', epoch)).toEqual(state('straight', epoch));
    }
    const outs = (run: string) => folderDigests(join(folder.path, `${name}-${run}-3-out`));
    expect(outs('resumed')).toEqual(outs('straight'));
    expect(state('straight', 2)).not.toEqual(state('straight', 3));
  });

  test('with the target completed, it writes the same outs from the state alone', async () => {
    const again = {
      ...order(`${name}-straight`, model, 3, 3),
      out: join(folder.path, `${name}-again`),
    };
    await train.run(again);
    expect(folderDigests(again.out)).toEqual(
      folderDigests(join(folder.path, `${name}-straight-3-out`)),
    );
  });

  test('the outs are the weights, their description and the whole history', () => {
    const out = join(folder.path, `${name}-straight-3-out`);
    const history = readJson<EpochRecord[]>(join(out, 'history.json'));
    expect(history.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    const metrics = readFileSync(
      join(folder.path, `${name}-straight`, '2', 'metrics.json'),
      'utf8',
    );
    expect(JSON.parse(metrics)).toEqual(history[1]);
    expect(history.every(({ loss }) => Number.isFinite(loss) && loss > 0)).toBe(true);
    expect(history.at(-1)!.val!.ssim).toBeGreaterThan(0);
    const { size, channels, epochs, parameters } = readJson<ModelFile>(join(out, 'model.json'));
    expect({ size, channels, epochs }).toEqual({ size: SIZE, channels: 1, epochs: 3 });
    expect(parameters).toBeGreaterThan(1000);
  });
});

describe('batches in three shards', () => {
  const shared = (run: string, completed: number, target: number, cpu: number): TrainOrder => ({
    ...order(run, MODELS.deepvision, completed, target, 3, 3),
    cpu,
  });

  test('give the same bytes on one, two and three cores, and resumed on another number', async () => {
    await train.run(shared('one-core', 0, 2, 1));
    await train.run(shared('two-cores', 0, 2, 2));
    await train.run(shared('three-cores', 0, 1, 3));
    await train.run(shared('three-cores', 1, 2, 1));
    const last = (run: string) => folderDigests(join(folder.path, run, '2'));
    expect(last('two-cores')).toEqual(last('one-core'));
    expect(last('three-cores')).toEqual(last('one-core'));
  });

  test('are another training than batches in one', () => {
    const weights = (run: string) =>
      folderDigests(join(folder.path, run, '2')).get('params.safetensors');
    expect(weights('one-core')).not.toEqual(weights('deepvision-straight'));
  });

  test('need at least as many images in a batch, and a backend that computes them', async () => {
    const many = order('too-many', MODELS.deepvision, 0, 1, 3, 9);
    await expect(train.run(many)).rejects.toThrow('train.shards');
    expect(() =>
      startTeam({ backend: 'webgpu', network: {} as never, size: SIZE, channels: 1 }, 2, 1),
    ).toThrow('train.shards is 2, but the backend webgpu computes a batch as a whole');
  });
});

test('another seed is another training, and does not go on with the state of this one', async () => {
  const other = (states: string, completed: number, target: number) =>
    train.run(order(states, MODELS.restorer, completed, target, 2));
  // The state and the weights of one epoch with seed 3 are those of the resumed training above.
  const weights = (run: string) =>
    folderDigests(join(folder.path, `${run}-1-out`)).get('weights.safetensors');
  await Promise.all([
    expect(other('restorer-resumed', 1, 2)).rejects.toThrow(
      'a training state of seed 3, expected 2',
    ),
    other('seeded', 0, 1),
  ]);
  expect(weights('seeded')).toMatch(/^[0-9a-f]{64}$/);
  expect(weights('restorer-resumed')).toMatch(/^[0-9a-f]{64}$/);
  expect(weights('seeded')).not.toEqual(weights('restorer-resumed'));
});
