/**
 * Stage `evaluate`: restores the test images, and some train images, with the model in each occlusion
 * setting, and sets its scores beside those of the classical methods on the same images.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { digestFiles } from '@pipe-experiment/data/digest.js';
import { readJson, writeJson } from '@pipe-experiment/data/json.js';
import { maskArea } from '@pipe-experiment/images/bits.js';
import { defineStage } from 'pipe-run/stage';
import {
  type BaselineIndex,
  readBaselineIndex,
  readBaselineScores,
  restoreAsKept,
} from './lib/baselines.js';
import { checkEvaluate, type EvaluateParams } from './lib/evaluate-params.js';
import {
  joinScores,
  MODEL,
  type Restorations,
  type RestoreChunk,
  restoreByModel,
  type Scores,
  type Subject,
  scoreImages,
} from './lib/evaluation.js';
import {
  bestBaselines,
  captionPicks,
  type Drawable,
  drawExamples,
  layersOf,
  type Pick,
  pickExamples,
  shownBaselines,
  withoutSamples,
} from './lib/examples.js';
import { gainsOf } from './lib/gains.js';
import { type ImageSet, imagesFile, readImages } from './lib/images.js';
import { readMaskIndex, readMasks } from './lib/masks.js';
import { metricsTree } from './lib/metrics.js';
import { loadModel } from './lib/restore.js';
import { rimMeans } from './lib/rim.js';
import { areOnePicture, type SampleStatistics } from './lib/samples.js';
import { TARGETS } from './lib/score.js';
import { type HistoryEntry, orderSettings, type ScoresIndex, writeScores } from './lib/scores.js';
import type { Split } from './lib/split.js';

interface Shape {
  params: { readonly evaluate: unknown };
  deps: {
    readonly images: string;
    readonly masks: string;
    readonly split: string;
    readonly baselines: string;
    readonly model: string;
  };
  outs: { readonly scores: string; readonly metrics: string };
  matrix: ScoresIndex['matrix'];
}

export default defineStage<Shape>(
  async ({ item, matrix, params, deps, outs, signal, progress }) => {
    const asked = checkEvaluate(params.evaluate);
    const model = await loadModel(deps.model, { backend: asked.backend });
    const images = readImages(deps.images, model.info.config.kernel);
    const split = readJson<Split>(join(deps.split, 'split.json'));
    const settings = orderSettings(readMaskIndex(deps.masks));
    const masks = new Map(settings.map(({ name }) => [name, readMasks(deps.masks, name)]));
    const subject: Subject = { images, masks };
    const baselines = readBaselineIndex(deps.baselines);
    const restoreModel = restoreByModel(model);
    const scored = await scoreSides(subject, baselines, restoreModel, (done, total) => {
      signal.throwIfAborted();
      progress(done, total, 'restorations');
    });
    const beside = (side: 'test' | 'train'): Scores =>
      joinScores(readBaselineScores(deps.baselines, images.kernel, side), scored[side].scores);
    const [test, train] = [beside('test'), beside('train')];

    const kept = restoreAsKept(deps.baselines, images.kernel, masks, images.channels);
    const drawable = { subject, restore: together(kept, restoreModel), model };
    const picks = settings.map(({ name }) => pickExamples(test, name, asked.examples, asked.seed));
    const drawn = await drawPicks(drawable, test, picks, split, asked);
    const operations = await model.countOperations();
    model.dispose();

    const heldOut = baselines.train.filter((image) => model.heldOut.includes(image)).length;
    const groups = groupsOf(images, split);
    const { rims, components } = baselines.kernels[images.kernel]!;
    const { bootstrap: resamples, seed, smallestEffect: effect } = asked;
    const bootstrap = { resamples, seed, effect };
    mkdirSync(outs.scores, { recursive: true });
    writeJson(outs.metrics, { test: modelMetrics(test), train: modelMetrics(train) });
    writeScores(outs.scores, {
      test,
      train,
      areas: areasOf(subject, split.test),
      examples: drawn.pictures,
      index: {
        item,
        matrix,
        ...aboutImages(images, split),
        ...aboutScores(test, train, split, heldOut),
        settings,
        groups,
        gains: gainsOf(test, groups.ofTest, bootstrap),
        bootstrap,
        rims: scored.test.rims.map(([rim], s) => [...rims[s]!, rimMeans(rim!)]),
        components,
        layers: drawn.layers,
        samples: drawn.samples,
        picks: settings.map(({ name }, at) =>
          captionPicks(test, name, picks[at]!, (position) => fileOf(images, split.test[position]!)),
        ),
        model: model.info,
        operations,
        history: readJson<HistoryEntry[]>(join(deps.model, 'history.json')),
        digests: await digestsOf(deps, images, settings),
      },
    });
  },
);

/** Scores of the model on the test images, then on the train images that the baselines have. */
async function scoreSides(
  subject: Subject,
  { test, train }: BaselineIndex,
  restore: RestoreChunk,
  onProgress: (done: number, total: number) => void,
) {
  const settings = subject.masks.size;
  const scoreModel = (images: readonly number[], before: number) =>
    scoreImages(subject, images, [MODEL], restore, (done) =>
      onProgress(before + done, settings * (test.length + train.length)),
    );
  return {
    test: await scoreModel(test, 0),
    train: await scoreModel(train, settings * test.length),
  };
}

function modelMetrics(scores: Scores) {
  return metricsTree(scores, { methods: [MODEL], targets: TARGETS, names: scores.names });
}

function aboutImages(images: ImageSet, split: Split) {
  const { size, channels, kernel, index } = images;
  return {
    source: index.source,
    image: { size, channels, kernel },
    notes: [...split.notes, ...unreadableNote(images)],
  };
}

function aboutScores(test: Scores, train: Scores, split: Split, heldOut: number) {
  return {
    methods: test.methods,
    targets: TARGETS,
    scores: test.names,
    best: bestBaselines(test),
    sides: {
      test: { scored: test.images, of: split.test.length },
      train: { scored: train.images, of: split.train.length, heldOut },
    },
  };
}

/** The pictures of all picks, setting after setting; without samples where they are one picture. */
async function drawPicks(
  drawable: Drawable,
  test: Scores,
  picks: readonly (readonly Pick[])[],
  split: Split,
  { samples: count, seed }: EvaluateParams,
) {
  const { size, channels } = drawable.subject.images;
  const layers = layersOf(shownBaselines(test), count);
  const parts: Uint8Array[] = [];
  const samples: SampleStatistics[] = [];
  for (const [at, setting] of test.settings.entries()) {
    const chosen = picks[at]!.map(({ position }) => ({ position, index: split.test[position]! }));
    const drawn = await drawExamples(drawable, setting, chosen, layers, { count, seed });
    parts.push(drawn.pictures);
    samples.push(drawn.samples);
  }
  const pictures = Buffer.concat(parts);
  return areOnePicture(samples)
    ? { ...withoutSamples(pictures, layers, size * size * channels), samples }
    : { pictures, layers, samples };
}

/** Restores by all of them. */
function together(...all: readonly RestoreChunk[]): RestoreChunk {
  return async (chunk) => {
    const parts = await Promise.all(all.map((restore) => restore(chunk)));
    return Array.from(
      { length: chunk.count },
      (_, i): Restorations => new Map(parts.flatMap((part) => [...part[i]!])),
    );
  };
}

/** Which group each test image is of, as numbers, and how many each side has. */
function groupsOf({ index }: ImageSet, split: Split): ScoresIndex['groups'] {
  const numbers = new Map<string, number>();
  const ofTest = split.test.map((image) => {
    const { group } = index.images[image]!;
    if (!numbers.has(group)) numbers.set(group, numbers.size);
    return numbers.get(group)!;
  });
  return { ...split.groups, ofTest };
}

/** Of every file that was read, by its path from the folder of the deps. */
function digestsOf(
  { images, masks, split, baselines, model }: Shape['deps'],
  { index, kernel }: ImageSet,
  settings: readonly { readonly name: string }[],
) {
  const file = imagesFile(index.kernels, kernel);
  const maskFiles = settings.map(({ name }) => `${name}.npy`);
  const kept = ['test.npy', 'train.npy', ...maskFiles].map((each) => `${kernel}/${each}`);
  return digestFiles({
    [`images/${file}`]: join(images, file),
    ...Object.fromEntries(maskFiles.map((each) => [`masks/${each}`, join(masks, each)])),
    'split/split.json': join(split, 'split.json'),
    'baselines/index.json': join(baselines, 'index.json'),
    ...Object.fromEntries(kept.map((each) => [`baselines/${each}`, join(baselines, each)])),
    'model/model.json': join(model, 'model.json'),
    'model/weights.safetensors': join(model, 'weights.safetensors'),
  });
}

/** The occluded share of each image, setting after setting. */
function areasOf({ images, masks }: Subject, indices: readonly number[]): number[] {
  const pixels = images.size * images.size;
  return [...masks.values()].flatMap((set) =>
    indices.map((index) => maskArea(set.mask(index)) / pixels),
  );
}

function fileOf({ index }: ImageSet, image: number): string {
  return index.images[image]!.file;
}

function unreadableNote({ index: { unreadable } }: ImageSet): string[] {
  if (unreadable.length === 0) return [];
  return [`${unreadable.length} source images could not be read and were left out.`];
}
