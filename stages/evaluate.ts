/**
 * Stage `evaluate`: restores the test images, and some train images, with the model and by every
 * classical method in each occlusion setting, and scores them all in the same way.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineStage } from 'pipe-run/stage';
import { digestFiles } from './lib/digest.js';
import { checkEvaluate, type EvaluateParams } from './lib/evaluate-params.js';
import { type Subject, scoreImages } from './lib/evaluation.js';
import { captionPicks, drawExamples, layersOf, pickExamples } from './lib/examples.js';
import { createGram, fitPcaTo } from './lib/fill/pca.js';
import { fitPcaMixture } from './lib/fill/pca-mixture.js';
import { gainsOf } from './lib/gains.js';
import { type ImageSet, imagesFile, readImages } from './lib/images.js';
import { readJson, writeJson } from './lib/json.js';
import { maskArea } from './lib/mask.js';
import { readMaskIndex, readMasks } from './lib/masks.js';
import { LINEAR_NAMES, type LinearModels } from './lib/methods.js';
import { metricsTree } from './lib/metrics.js';
import { createRandom } from './lib/random.js';
import { loadModel } from './lib/restore.js';
import { TARGETS } from './lib/score.js';
import { type HistoryEntry, orderSettings, type ScoresIndex, writeScores } from './lib/scores.js';
import type { Split } from './lib/split.js';

interface Shape {
  params: { readonly evaluate: unknown };
  deps: {
    readonly images: string;
    readonly masks: string;
    readonly split: string;
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
    const subject: Subject = {
      images,
      masks: new Map(settings.map(({ name }) => [name, readMasks(deps.masks, name)])),
      baselines: asked.methods,
      linear: fitOn(images, split.train, asked),
      model,
    };

    const indices = { test: split.test, train: someOf(split.train, asked.train, asked.seed) };
    const restorations = (side: readonly number[]) => side.length * settings.length;
    const total = restorations(indices.test) + restorations(indices.train);
    const tellFrom = (before: number) => (done: number) => {
      signal.throwIfAborted();
      progress(before + done, total, 'restorations');
    };
    const test = await scoreImages(subject, indices.test, tellFrom(0));
    const train = await scoreImages(subject, indices.train, tellFrom(restorations(indices.test)));

    const picks = settings.map(({ name }) => pickExamples(test, name, asked.examples, asked.seed));
    const pictures: Uint8Array[] = [];
    for (const [at, { name }] of settings.entries()) {
      const chosen = picks[at]!.map(({ position }) => ({ position, index: split.test[position]! }));
      const samples = { count: asked.samples, seed: asked.seed };
      pictures.push(await drawExamples(subject, name, chosen, samples));
    }
    model.dispose();

    const file = imagesFile(images.index.kernels, images.kernel);
    mkdirSync(outs.scores, { recursive: true });
    writeJson(outs.metrics, { test: metricsTree(test), train: metricsTree(train) });
    writeScores(outs.scores, {
      test,
      train,
      areas: areasOf(subject, split.test),
      examples: Buffer.concat(pictures),
      index: {
        item,
        matrix,
        source: images.index.source,
        image: { size: images.size, channels: images.channels, kernel: images.kernel },
        settings,
        methods: test.methods,
        targets: TARGETS,
        scores: test.names,
        sides: {
          test: { scored: indices.test.length, of: split.test.length },
          train: { scored: indices.train.length, of: split.train.length },
        },
        gains: gainsOf(test, { resamples: asked.bootstrap, seed: asked.seed }),
        bootstrap: { resamples: asked.bootstrap, seed: asked.seed },
        layers: layersOf(subject, asked.samples),
        picks: settings.map(({ name }, at) =>
          captionPicks(test, name, picks[at]!, (position) => fileOf(images, split.test[position]!)),
        ),
        model: model.info,
        history: readJson<HistoryEntry[]>(join(deps.model, 'history.json')),
        notes: [...split.notes, ...unreadableNote(images)],
        digests: await digestsOf(deps, file, settings),
      },
    });
  },
);

/** Some of the train images, drawn by seed, in their order. */
function someOf(train: readonly number[], count: number, seed: number): readonly number[] {
  const drawn = createRandom(seed, 'train images').shuffle([...train]);
  return drawn.slice(0, count).sort((a, b) => a - b);
}

/** Fitted to train images spread evenly over the list: never to an image that is tested. */
function fitOn(
  { data, size, channels }: ImageSet,
  train: readonly number[],
  { methods, pca: { images, components }, seed }: EvaluateParams,
): LinearModels {
  if (!LINEAR_NAMES.some((name) => methods.includes(name))) return {};
  const length = size * size * channels;
  const count = Math.min(images, train.length);
  const chosen = new Uint8Array(count * length);
  for (let at = 0; at < count; at++) {
    const index = train[Math.floor((at * train.length) / count)]!;
    chosen.set(data.subarray(index * length, (index + 1) * length), at * length);
  }
  const gram = createGram(chosen, length);
  const all = Int32Array.from({ length: count }, (_, i) => i);
  const options = { clusters: 6, components: 12 };
  const random = createRandom(seed, 'mixture');
  return {
    pca: methods.includes('pca') ? fitPcaTo(gram, all, components) : undefined,
    mixture: methods.includes('pca-mixture')
      ? fitPcaMixture(gram, { size, channels }, options, random)
      : undefined,
  };
}

/** Of every file that was read, by its path from the folder of the deps. */
function digestsOf(
  { images, masks, split, model }: Shape['deps'],
  file: string,
  settings: readonly { readonly name: string }[],
) {
  const maskFiles = settings.map(({ name }) => `${name}.npy`);
  return digestFiles({
    [`images/${file}`]: join(images, file),
    ...Object.fromEntries(maskFiles.map((each) => [`masks/${each}`, join(masks, each)])),
    'split/split.json': join(split, 'split.json'),
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
