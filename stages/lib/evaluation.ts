/** Restores and scores a list of images by every method in every setting. */
import { createHole } from './fill/hole.js';
import type { ImageSet } from './images.js';
import type { MaskSet } from './masks.js';
import {
  type BaselineName,
  type LinearModels,
  type Restored,
  restoreBaselines,
} from './methods.js';
import { keepKnown, toBytes } from './planes.js';
import type { Restorer } from './restore.js';
import { createScorer, TARGETS } from './score.js';

/** The name of the method that is the model; the classical ones have theirs from methods.ts. */
export const MODEL = 'model';
export type MethodName = BaselineName | typeof MODEL;

/** What an item evaluates, whichever images it is asked about. */
export interface Subject {
  readonly images: ImageSet;
  /** By setting, in the order of the tables. */
  readonly masks: ReadonlyMap<string, MaskSet>;
  readonly baselines: readonly BaselineName[];
  readonly linear: LinearModels;
  readonly model: Restorer;
}

/** All scores of a list of images: [settings, methods, targets, scores, images]. */
export interface Scores {
  readonly settings: readonly string[];
  readonly methods: readonly MethodName[];
  /** Paths into metrics.json, such as `ssim.wang`. */
  readonly names: readonly string[];
  readonly images: number;
  readonly values: Float64Array;
}

/** Restorations of one image in one setting, by method. */
export type Restorations = ReadonlyMap<MethodName, Restored>;

/** Images given to the model at once: enough to fill its own batches, few enough to hold. */
const CHUNK = 64;

export function methodsOf(subject: Subject): readonly MethodName[] {
  return [...subject.baselines, MODEL];
}

/** Scores the images at `indices`; `report` is told how many restorations are scored. */
export async function scoreImages(
  subject: Subject,
  indices: readonly number[],
  report: (done: number) => void,
): Promise<Scores> {
  const { size, channels } = subject.images;
  const scorer = createScorer(size, channels);
  const settings = [...subject.masks.keys()];
  const methods = methodsOf(subject);
  const each = TARGETS.length * scorer.names.length;
  const values = new Float64Array(settings.length * methods.length * each * indices.length);
  const scored = new Float64Array(each);
  let done = 0;
  for (const [s, setting] of settings.entries()) {
    await restoreEach(subject, setting, indices, 0, (position, original, mask, restorations) => {
      const reference = scorer.prepare(original);
      methods.forEach((method, m) => {
        scorer.score(reference, mask, restorations.get(method)!, scored, 0);
        const row = (s * methods.length + m) * each;
        for (let i = 0; i < each; i++) values[(row + i) * indices.length + position] = scored[i]!;
      });
      report(++done);
    });
  }
  return { settings, methods, names: scorer.names, images: indices.length, values };
}

/** The values of one row of the scores, an image each. */
export function scoresOf(
  scores: Scores,
  setting: string,
  method: string,
  target: (typeof TARGETS)[number],
  name: string,
): Float64Array {
  const at = [
    scores.settings.indexOf(setting),
    scores.methods.indexOf(method as MethodName),
    TARGETS.indexOf(target),
    scores.names.indexOf(name),
  ];
  if (at.includes(-1)) throw new RangeError(`no scores for ${setting}, ${method}, ${name}`);
  const [s = 0, m = 0, t = 0, n = 0] = at;
  const row = ((s * scores.methods.length + m) * TARGETS.length + t) * scores.names.length + n;
  return scores.values.subarray(row * scores.images, (row + 1) * scores.images);
}

/**
 * Restores each image by every method, in order; the model gets a chunk of them at once.
 *
 * @param first position of the first image in the whole list: the model's noise goes by it
 */
export async function restoreEach(
  { images, masks, baselines, linear, model }: Subject,
  setting: string,
  indices: readonly number[],
  first: number,
  use: (position: number, original: Uint8Array, mask: Uint8Array, all: Restorations) => void,
): Promise<void> {
  const { size, channels } = images;
  const length = size * size * channels;
  for (let from = 0; from < indices.length; from += CHUNK) {
    const chunk = gatherChunk(images, masks.get(setting)!, indices.slice(from, from + CHUNK));
    const wholes = await model.restore(chunk.originals, chunk.occluded, {
      first: first + from,
    });
    for (let i = 0; i < chunk.count; i++) {
      const original = chunk.originals.subarray(i * length, (i + 1) * length);
      const mask = chunk.occluded.subarray(i * size * size, (i + 1) * size * size);
      const hole = createHole(mask, size, size);
      const all = new Map<MethodName, Restored>(
        restoreBaselines(baselines, original, hole, channels, linear),
      );
      const whole = toBytes(wholes.subarray(i * length, (i + 1) * length));
      all.set(MODEL, { whole, composite: keepKnown(whole, original, mask, channels) });
      use(from + i, original, mask, all);
    }
  }
}

/** Images and masks at the indices, side by side, as the model takes them. */
export function gatherChunk(images: ImageSet, masks: MaskSet, indices: readonly number[]) {
  const { size, channels, data } = images;
  const length = size * size * channels;
  const originals = new Uint8Array(indices.length * length);
  const occluded = new Uint8Array(indices.length * size * size);
  indices.forEach((index, at) => {
    originals.set(data.subarray(index * length, (index + 1) * length), at * length);
    occluded.set(masks.mask(index), at * size * size);
  });
  return { count: indices.length, originals, occluded };
}
