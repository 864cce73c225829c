/** Restores and scores a list of images by some methods in every setting. */

import type { BaselineName, Restored } from '@pipe-experiment/fills/methods.js';
import { keepKnown, toBytes } from '@pipe-experiment/images/planes.js';
import type { ImageSet } from './images.js';
import type { MaskSet } from './masks.js';
import type { Restorer } from './restore.js';
import { addToRim, createRimSums, type RimSums, rimDistances } from './rim.js';
import { createScorer, TARGETS } from './score.js';

/** The name of the method that is the model; the classical ones have theirs from methods.ts. */
export const MODEL = 'model';
export type MethodName = BaselineName | typeof MODEL;

/** What is to be restored. */
export interface Subject {
  readonly images: ImageSet;
  /** By setting, in the order of the tables. */
  readonly masks: ReadonlyMap<string, MaskSet>;
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

/** Some images side by side, each with its mask. */
export interface Chunk {
  readonly setting: string;
  readonly count: number;
  readonly originals: Uint8Array;
  readonly occluded: Uint8Array;
  /** Position of the first image in the whole list. */
  readonly first: number;
}

/** Restores each image of a chunk by the same methods. */
export type RestoreChunk = (chunk: Chunk) => Restorations[] | Promise<Restorations[]>;

export interface Scored {
  readonly scores: Scores;
  /** [setting][method]: SSIM by the distance from the rim. */
  readonly rims: readonly (readonly RimSums[])[];
}

/** Images given to a model at once: enough to fill its own batches, few enough to hold. */
const CHUNK = 64;

/**
 * Scores the images at `indices`.
 *
 * @param report is told how many restorations are scored
 * @param keep is given every restoration as well
 */
export async function scoreImages(
  subject: Subject,
  indices: readonly number[],
  methods: readonly MethodName[],
  restore: RestoreChunk,
  report: (done: number) => void,
  keep: (setting: string, mask: Uint8Array, all: Restorations) => void = () => {},
): Promise<Scored> {
  const { size, channels } = subject.images;
  const scorer = createScorer(size, channels);
  const settings = [...subject.masks.keys()];
  const each = TARGETS.length * scorer.names.length;
  const values = new Float64Array(settings.length * methods.length * each * indices.length);
  const rims = settings.map(() => methods.map(() => createRimSums()));
  const scored = new Float64Array(each);
  let done = 0;
  for (const [s, setting] of settings.entries()) {
    await restoreEach(subject, setting, indices, 0, restore, (position, original, mask, all) => {
      const reference = scorer.prepare(original);
      const distances = rimDistances(mask, size);
      methods.forEach((method, m) => {
        scorer.score(reference, mask, all.get(method)!, scored, 0);
        addToRim(rims[s]![m]!, scorer.map, distances);
        const row = (s * methods.length + m) * each;
        for (let i = 0; i < each; i++) values[(row + i) * indices.length + position] = scored[i]!;
      });
      keep(setting, mask, all);
      report(++done);
    });
  }
  return {
    scores: { settings, methods, names: scorer.names, images: indices.length, values },
    rims,
  };
}

/** The scores of two lists of methods for the same images, the first one's methods first. */
export function joinScores(one: Scores, other: Scores): Scores {
  const { settings, names, images } = one;
  const methods = [...one.methods, ...other.methods];
  const each = TARGETS.length * names.length * images;
  const values = new Float64Array(settings.length * methods.length * each);
  settings.forEach((_, s) => {
    [one, other].forEach(({ methods: some, values: from }, part) => {
      const length = some.length * each;
      const at = (s * methods.length + (part === 0 ? 0 : one.methods.length)) * each;
      values.set(from.subarray(s * length, (s + 1) * length), at);
    });
  });
  return { settings, methods, names, images, values };
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
 * Restores the images in chunks, in order, and hands on each.
 *
 * @param first position of the first image in the whole list: the model's noise goes by it
 */
export async function restoreEach(
  { images, masks }: Subject,
  setting: string,
  indices: readonly number[],
  first: number,
  restore: RestoreChunk,
  use: (position: number, original: Uint8Array, mask: Uint8Array, all: Restorations) => void,
): Promise<void> {
  for (let from = 0; from < indices.length; from += CHUNK) {
    const some = indices.slice(from, from + CHUNK);
    const chunk = {
      setting,
      first: first + from,
      ...gatherChunk(images, masks.get(setting)!, some),
    };
    (await restore(chunk)).forEach((all, i) => {
      const { original, mask } = imageOf(chunk, i);
      use(from + i, original, mask, all);
    });
  }
}

/** One image of a chunk. */
export function imageOf(
  { count, originals, occluded }: Omit<Chunk, 'setting' | 'first'>,
  at: number,
) {
  const [length, pixels] = [originals.length / count, occluded.length / count];
  return {
    original: originals.subarray(at * length, (at + 1) * length),
    mask: occluded.subarray(at * pixels, (at + 1) * pixels),
  };
}

/** Restores by a model. */
export function restoreByModel(model: Restorer): RestoreChunk {
  const { channels } = model.info;
  return async (chunk) => {
    const wholes = await model.restore(chunk.originals, chunk.occluded, { first: chunk.first });
    const length = chunk.originals.length / chunk.count;
    return Array.from({ length: chunk.count }, (_, i) => {
      const { original, mask } = imageOf(chunk, i);
      const whole = toBytes(wholes.subarray(i * length, (i + 1) * length));
      return new Map([[MODEL, { whole, composite: keepKnown(whole, original, mask, channels) }]]);
    });
  };
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
