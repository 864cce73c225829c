/** Trainings of tiny models by the stage `train`, in processes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '@pipe-experiment/data/json.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ModelFile } from '../../../stages/lib/nn/model-files.js';
import type { EpochRecord } from '../../../stages/lib/train/state.js';
import { type Experiment, writeExperiment } from './experiment.js';
import { folderDigests, temporaryFolder } from './folders.js';
import { bundleTrain, type TrainOrder, type TrainProcess } from './train.js';

/** Pixels per side. */
export const SIZE = 32;

const OCCLUSIONS = {
  square12: { shape: 'square', side: 12 },
  square24: { shape: 'square', side: 24 },
};

export const MODELS = {
  deepvision: { arch: 'deepvision', width: 0.03, hidden: 16, latent: 4, padding: 'same' },
  restorer: { arch: 'restorer', width: 0.15, latent: 2 },
};

export const folder = temporaryFolder();
let process: TrainProcess;
let experiment: Experiment;

export const run = (order: TrainOrder) => process.run(order);

/** Bundles the stage and writes its data before the tests of the file that calls this. */
export function prepareTrainings(): void {
  beforeAll(async () => {
    process = await bundleTrain();
    experiment = writeExperiment(join(folder.path, 'experiment'), {
      size: SIZE,
      count: 26,
      test: 10,
    });
  });

  afterAll(() => {
    process.remove();
    folder.remove();
  });
}

export function order(
  run: string,
  model: object,
  completed: number,
  target: number,
  seed = 3,
  shards = 1,
  clip = 0,
): TrainOrder {
  const { images, masks, split } = experiment;
  return {
    params: {
      image: { size: SIZE, channels: 1 },
      train: {
        epochs: target,
        batch: 8,
        shards,
        clip,
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

/** Checks that a resumed training gives the same bytes, and what it writes. */
export function goesOn(name: keyof typeof MODELS): void {
  const model = MODELS[name];

  test('resumed in new processes equals uninterrupted, byte for byte: states and outs', async () => {
    await Promise.all([
      run(order(`${name}-straight`, model, 0, 3)),
      (async () => {
        await run(order(`${name}-resumed`, model, 0, 1));
        await run(order(`${name}-resumed`, model, 1, 3));
      })(),
    ]);
    const state = (training: string, epoch: number) =>
      folderDigests(join(folder.path, `${name}-${training}`, `${epoch}`));
    for (const epoch of [1, 2, 3]) {
      expect(state('resumed', epoch)).toEqual(state('straight', epoch));
    }
    const outs = (training: string) =>
      folderDigests(join(folder.path, `${name}-${training}-3-out`));
    expect(outs('resumed')).toEqual(outs('straight'));
    expect(state('straight', 2)).not.toEqual(state('straight', 3));
  });

  test('with the target completed, it writes the same outs from the state alone', async () => {
    const again = {
      ...order(`${name}-straight`, model, 3, 3),
      out: join(folder.path, `${name}-again`),
    };
    await run(again);
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
}
