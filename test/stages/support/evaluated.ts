/** Evaluated items for tests of the report. The test file mocks `restore.js` with `rowModels()`. */
import { join } from 'node:path';
import baselines from '../../../stages/baselines.js';
import evaluate from '../../../stages/evaluate.js';
import { runStage } from './context.js';
import { type Experiment, type ExperimentOptions, writeExperiment } from './experiment.js';

export interface Wanted extends ExperimentOptions {
  readonly dataset: string;
  readonly model: string;
  readonly seed?: number;
  readonly samples?: number;
}

/** Runs `baselines` on an experiment; returns the folder. */
export async function baselinesOf(
  experiment: Experiment,
  folder: string,
  changed: object = {},
): Promise<string> {
  const { images, masks, split } = experiment;
  const out = join(folder, 'baselines');
  await runStage(baselines, {
    item: 'baselines@formula',
    matrix: { dataset: 'formula' },
    params: {
      baselines: {
        train: 4,
        methods: ['none', 'mean', 'harmonic', 'pca'],
        pca: { components: [3], images: 10, validation: 4 },
        mixture: { clusters: 2, components: 2 },
        seed: 1,
        ...changed,
      },
    },
    deps: { images, masks, split },
    outs: { baselines: out, metrics: join(folder, 'baselines.json') },
  });
  return out;
}

/** Runs `evaluate` on a small experiment; returns the folder of its scores. */
export async function evaluated(root: string, wanted: Wanted): Promise<string> {
  const { dataset, model, seed, samples = 0 } = wanted;
  const folder = join(root, dataset, model, `${seed ?? 'only'}`);
  const experiment = writeExperiment(folder, wanted);
  const scores = join(folder, 'scores');
  await runStage(evaluate, {
    item: `evaluate@${[dataset, model, seed].filter((axis) => axis !== undefined).join()}`,
    matrix: { dataset, model, ...(seed === undefined ? {} : { seed }) },
    params: {
      evaluate: {
        bootstrap: 4000,
        smallestEffect: 0.0005,
        examples: { best: 1, median: 1, worst: 1, seeded: 2 },
        samples,
        seed: 1,
      },
    },
    deps: { ...experiment, baselines: await baselinesOf(experiment, folder) },
    outs: { scores, metrics: join(folder, 'metrics.json') },
  });
  return scores;
}
