/** Example images for the report: the best, median and worst restorations, and some drawn by seed. */

import { createRandom } from '@pipe-experiment/data/random.js';
import type { BaselineName } from '@pipe-experiment/fills/methods.js';
import { keepKnown } from '@pipe-experiment/images/planes.js';
import { spread } from '@pipe-experiment/numerics/statistics.js';
import {
  type MethodName,
  MODEL,
  type RestoreChunk,
  restoreEach,
  type Scores,
  type Subject,
  scoresOf,
} from './evaluation.js';
import type { Restorer } from './restore.js';
import { drawSamples, meanStatistics, type SampleStatistics } from './samples.js';

export type PickKind = 'best' | 'median' | 'worst' | 'seeded';

/** One chosen image of the test set. */
export interface Pick {
  readonly kind: PickKind;
  /** Position in the list of test images. */
  readonly position: number;
}

/** A pick as the report shows it. */
export interface ExamplePick extends Pick {
  readonly file: string;
  /** The composite's Wang SSIM by method, to four digits. */
  readonly ssim: Readonly<Record<string, number>>;
}

/** What is drawn of an example, in this order: pixels of these names, one picture each. */
export type Layer =
  | 'original'
  | 'occluded'
  /** A method's composite. */
  | MethodName
  /** The model's output as it is. */
  | 'model whole'
  /** Composites of fills drawn from the latent. */
  | `sample ${number}`;

/** Chooses by the model's composite Wang SSIM in one setting; the seeded ones are the same in all. */
export function pickExamples(
  scores: Scores,
  setting: string,
  counts: Readonly<Record<PickKind, number>>,
  seed: number,
): readonly Pick[] {
  const values = scoresOf(scores, setting, 'model', 'composite', rankedBy(scores));
  const ranked = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b);
  const middle = Math.max(0, Math.floor((ranked.length - counts.median) / 2));
  const drawn = createRandom(seed, 'examples').shuffle(Array.from(values.keys()));
  const chosen: Readonly<Record<PickKind, readonly number[]>> = {
    best: ranked.slice(0, counts.best),
    median: ranked.slice(middle, middle + counts.median),
    worst: ranked.slice(Math.max(0, ranked.length - counts.worst)),
    seeded: drawn.slice(0, counts.seeded).sort((a, b) => a - b),
  };
  return (['best', 'median', 'worst', 'seeded'] as const).flatMap((kind) =>
    chosen[kind].map((position) => ({ kind, position })),
  );
}

/** Adds to each pick what its caption says. */
export function captionPicks(
  scores: Scores,
  setting: string,
  picks: readonly Pick[],
  fileAt: (position: number) => string,
): readonly ExamplePick[] {
  const name = rankedBy(scores);
  return picks.map((pick) => ({
    ...pick,
    file: fileAt(pick.position),
    ssim: Object.fromEntries(
      scores.methods.map((method) => {
        const values = scoresOf(scores, setting, method, 'composite', name);
        return [method, Number(values[pick.position]!.toFixed(4))];
      }),
    ),
  }));
}

/** Wang's SSIM; the global one where the images are smaller than its window. */
export function rankedBy({ names }: Scores): string {
  return names.includes('ssim.wang') ? 'ssim.wang' : 'ssim.global';
}

/** By setting, the classical method with the highest mean on these images. */
export function bestBaselines(scores: Scores): readonly BaselineName[] {
  const baselines = scores.methods.filter((name): name is BaselineName => name !== MODEL);
  return scores.settings.map((setting) => {
    const means = baselines.map(
      (name) => spread(scoresOf(scores, setting, name, 'composite', rankedBy(scores))).mean,
    );
    return baselines[means.indexOf(Math.max(...means))]!;
  });
}

/** Classical methods that are shown in every evaluation that has them: a smooth one, copied texture, a linear one. */
const ALWAYS_SHOWN: readonly MethodName[] = ['harmonic', 'exemplar', 'pca'];

/** The classical methods whose pictures are kept: the best of each setting, and some of each kind. */
export function shownBaselines(scores: Scores): readonly BaselineName[] {
  const best = bestBaselines(scores);
  return scores.methods.filter(
    (name): name is BaselineName =>
      name !== MODEL && (ALWAYS_SHOWN.includes(name) || best.includes(name)),
  );
}

export function layersOf(baselines: readonly BaselineName[], samples: number): readonly Layer[] {
  const drawn = Array.from({ length: samples }, (_, at) => `sample ${at + 1}` as const);
  return ['original', 'occluded', ...baselines, MODEL, 'model whole', ...drawn];
}

/** The same pictures without the samples. */
export function withoutSamples(
  pictures: Uint8Array,
  layers: readonly Layer[],
  length: number,
): { readonly pictures: Uint8Array; readonly layers: readonly Layer[] } {
  const kept = layers.filter((layer) => !layer.startsWith('sample '));
  const each = layers.length * length;
  const picks = Array.from({ length: pictures.length / each }, (_, at) =>
    pictures.subarray(at * each, at * each + kept.length * length),
  );
  return { pictures: Buffer.concat(picks), layers: kept };
}

/** What examples are drawn from. */
export interface Drawable {
  readonly subject: Subject;
  /** By the model and all classical methods. */
  readonly restore: RestoreChunk;
  readonly model: Restorer;
}

/**
 * The pictures of the picked examples of one setting: uint8 [picks, layers, size, size, channels], and
 * what their samples say.
 */
export async function drawExamples(
  { subject, restore, model }: Drawable,
  setting: string,
  picks: readonly { readonly position: number; readonly index: number }[],
  layers: readonly Layer[],
  samples: { readonly count: number; readonly seed: number },
): Promise<{ readonly pictures: Uint8Array; readonly samples: SampleStatistics }> {
  const { size, channels } = subject.images;
  const length = size * size * channels;
  const pictures = new Uint8Array(picks.length * layers.length * length);
  const statistics: SampleStatistics[] = [];
  for (const [at, { position, index }] of picks.entries()) {
    const place = (layer: Layer, picture: Uint8Array) => {
      const place = layers.indexOf(layer);
      if (place >= 0) pictures.set(picture, (at * layers.length + place) * length);
    };
    // One at a time, under its position: the noise that a model may draw is that of its scores.
    await restoreEach(subject, setting, [index], position, restore, (_, original, mask, all) => {
      place('original', original);
      place('occluded', keepKnown(new Uint8Array(length), original, mask, channels));
      for (const [method, { composite }] of all) place(method, composite);
      place('model whole', all.get(MODEL)!.whole);
    });
    const drawn = await drawSamples(subject, model, setting, { position, index }, samples);
    for (const [sample, picture] of drawn.pictures.entries())
      place(`sample ${sample + 1}`, picture);
    statistics.push(drawn.statistics);
  }
  return { pictures, samples: meanStatistics(statistics) };
}
