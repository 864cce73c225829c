/**
 * Stage `baselines`: restores the test images, and some train images, by every classical method in each
 * occlusion setting, and scores them. All models of the data set are compared with these figures.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from '@pipe-experiment/data/json.js';
import { createRandom } from '@pipe-experiment/data/random.js';
import { createHole } from '@pipe-experiment/fills/hole.js';
import { restoreBaselines } from '@pipe-experiment/fills/methods.js';
import type { Kernel } from '@pipe-experiment/images/decode.js';
import { defineStage } from 'pipe-run/stage';
import { type BaselineParams, checkBaselines } from './lib/baseline-params.js';
import {
  createFillWriter,
  type KernelIndex,
  writeBaselineIndex,
  writeBaselineScores,
} from './lib/baselines.js';
import {
  imageOf,
  type RestoreChunk,
  type Scored,
  type Subject,
  scoreImages,
} from './lib/evaluation.js';
import { type ImageIndex, readImages } from './lib/images.js';
import { type FittedModels, fitLinear } from './lib/linear-models.js';
import { readMaskIndex, readMasks } from './lib/masks.js';
import { type MetricsTree, metricsTree } from './lib/metrics.js';
import { rimMeans } from './lib/rim.js';
import { orderSettings } from './lib/scores.js';
import type { Split } from './lib/split.js';

interface Shape {
  params: { readonly baselines: unknown };
  deps: { readonly images: string; readonly masks: string; readonly split: string };
  outs: { readonly baselines: string; readonly metrics: string };
}

/** What `pipe metrics` shows of the classical methods; their folder has all scores. */
const METRICS: readonly string[] = ['ssim.wang', 'ssim.global', 'gms', 'psnr'];

export default defineStage<Shape>(async ({ params, deps, outs, signal, progress }) => {
  const asked = checkBaselines(params.baselines);
  const split = readJson<Split>(join(deps.split, 'split.json'));
  const { kernels } = readJson<ImageIndex>(join(deps.images, 'index.json'));
  const names = orderSettings(readMaskIndex(deps.masks)).map(({ name }) => name);
  const masks = new Map(names.map((name) => [name, readMasks(deps.masks, name)]));
  const sides = { test: split.test, train: someOf(split.train, asked.train, asked.seed) };
  const total = kernels.length * names.length * (sides.test.length + sides.train.length);
  let done = 0;
  const report = () => {
    signal.throwIfAborted();
    progress(++done, total, 'images');
  };

  mkdirSync(outs.baselines, { recursive: true });
  const metrics: Partial<Record<Kernel, MetricsTree>> = {};
  const byKernel: Partial<Record<Kernel, KernelIndex>> = {};
  let scores: readonly string[] = [];
  for (const kernel of kernels) {
    const subject = { images: readImages(deps.images, kernel), masks };
    const fitted = fitLinear(subject, split.train, asked);
    const test = await scoreSide(subject, sides.test, asked, fitted, report, outs.baselines);
    const train = await scoreSide(subject, sides.train, asked, fitted, report);
    writeBaselineScores(outs.baselines, kernel, 'test', test.scores);
    writeBaselineScores(outs.baselines, kernel, 'train', train.scores);
    scores = test.scores.names;
    metrics[kernel] = metricsTree(test.scores, {
      methods: asked.methods,
      targets: ['composite'],
      names: scores.filter((name) => METRICS.includes(name)),
    });
    byKernel[kernel] = {
      fitted: fitted.images,
      components: fitted.components,
      rims: test.rims.map((methods) => methods.map(rimMeans)),
    };
  }
  writeJson(outs.metrics, kernels.length === 1 ? metrics[kernels[0]] : metrics);
  writeBaselineIndex(outs.baselines, {
    settings: names,
    methods: asked.methods,
    scores,
    ...sides,
    kernels: byKernel,
  });
});

/** @param folder where the fills themselves are kept as well */
async function scoreSide(
  subject: Subject,
  indices: readonly number[],
  { methods }: BaselineParams,
  fitted: FittedModels,
  report: () => void,
  folder?: string,
): Promise<Scored> {
  const { size, channels, kernel } = subject.images;
  const restore: RestoreChunk = (chunk) =>
    Array.from({ length: chunk.count }, (_, i) => {
      const { original, mask } = imageOf(chunk, i);
      const hole = createHole(mask, size, size);
      const linear = fitted.bySetting.get(chunk.setting)!;
      return restoreBaselines(methods, original, hole, channels, linear);
    });
  const writers = new Map(
    (folder === undefined ? [] : [...subject.masks.keys()]).map((setting) => [
      setting,
      createFillWriter(folder!, kernel, setting, methods, channels),
    ]),
  );
  try {
    return await scoreImages(subject, indices, methods, restore, report, (setting, mask, all) =>
      writers.get(setting)?.write(mask, all),
    );
  } finally {
    for (const writer of writers.values()) writer.close();
  }
}

/** Some of the train images, drawn by seed, in their order. */
function someOf(train: readonly number[], count: number, seed: number): readonly number[] {
  const drawn = createRandom(seed, 'train images').shuffle([...train]);
  return drawn.slice(0, count).sort((a, b) => a - b);
}
