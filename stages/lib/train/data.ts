/** The images and masks of a training run: what is trained on, and what is kept aside to measure it. */
import { join } from 'node:path';
import { readJson } from '@pipe-experiment/data/json.js';
import { createRandom } from '@pipe-experiment/data/random.js';
import { type ImageSet, type Pictures, readDetail, readImages } from '../images.js';
import { drawMask, type Occlusion } from '../mask.js';
import { type MaskSet, readMasks } from '../masks.js';
import type { ModelConfig } from '../nn/model-config.js';
import type { Split } from '../split.js';
import type { Config } from './config.js';

export interface TrainingData {
  /** Its bytes lie in memory that threads share. */
  readonly images: ImageSet & { readonly data: Uint8Array<SharedArrayBuffer> };
  /** What magnified parts are cut from: larger pictures where there are some, else the images. */
  readonly pictures: Pictures<Uint8Array<SharedArrayBuffer>>;
  /** Indices into `images`. */
  readonly train: readonly number[];
  readonly validation: readonly number[];
  /** Train images that are not trained on: those for validation, and the others of their groups. */
  readonly heldOut: readonly number[];
  readonly masks: MaskSource;
}

export interface Folders {
  readonly images: string;
  readonly masks: string;
  readonly split: string;
}

/** size×size bytes, 1 = occluded. */
export interface MaskSource {
  /** The mask of an image in an epoch of training. */
  train(image: number, epoch: number): Uint8Array;
  /** The mask of an image of the validation set: the same for ever. */
  validation(image: number): Uint8Array;
}

export function readTrainingData(
  folders: Folders,
  occlusions: ReadonlyMap<string, Occlusion>,
  { model, train: { seed, validation, zoom } }: Config,
): TrainingData {
  const read = readImages(folders.images, model.kernel);
  const images = { ...read, data: shared(read.data) };
  const detail = zoom > 1 ? readDetail(folders.images, read) : undefined;
  const { train } = readJson<Split>(join(folders.split, 'split.json'));
  const groups = images.index.images.map(({ group }) => group);
  const aside = keepAside(train, groups, validation, seed);
  const kept = new Set(aside.map((image) => groups[image]!));
  const isHeldOut = (image: number) => kept.has(groups[image]!);
  return {
    images,
    pictures: detail
      ? { ...detail, data: shared(detail.data) }
      : { side: images.size, data: images.data },
    train: train.filter((image) => !isHeldOut(image)),
    validation: aside,
    heldOut: train.filter(isHeldOut),
    masks: createMasks(folders.masks, occlusions, model, images.size, seed),
  };
}

function shared(bytes: Uint8Array): Uint8Array<SharedArrayBuffer> {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/**
 * `count` of the train images, at most a quarter: whole groups while they fit, then a part of the
 * smallest group that has enough, whose others are used for nothing.
 */
export function keepAside(
  train: readonly number[],
  groups: readonly string[],
  count: number,
  seed: number,
): number[] {
  const members = new Map<string, number[]>();
  for (const image of train) {
    const group = groups[image]!;
    members.set(group, [...(members.get(group) ?? []), image]);
  }
  const random = createRandom(seed, 'validation');
  const shuffled = random.shuffle([...members.keys()].sort()).map((name) => members.get(name)!);
  const wanted = Math.min(count, Math.floor(train.length / 4));
  const aside: number[] = [];
  for (const group of shuffled) {
    if (aside.length + group.length <= wanted) aside.push(...group);
  }
  const missing = wanted - aside.length;
  const rest = shuffled
    .filter((group) => !aside.includes(group[0]!) && group.length >= missing)
    .reduce<readonly number[]>(
      (least, group) => (least.length === 0 || group.length < least.length ? group : least),
      [],
    );
  aside.push(...random.shuffle([...rest]).slice(0, missing));
  return aside.sort((a, b) => a - b);
}

export function createMasks(
  folder: string,
  occlusions: ReadonlyMap<string, Occlusion>,
  { masks, occlusions: names }: ModelConfig,
  size: number,
  seed: number,
): MaskSource {
  const draw = (image: number, ...labels: (string | number)[]): Uint8Array => {
    const random = createRandom(seed, 'mask', ...labels, image);
    return drawMask(occlusions.get(random.pick(names))!, size, random);
  };
  if (masks === 'fresh') {
    return {
      train: (image, epoch) => draw(image, epoch),
      validation: (image) => draw(image, 'validation'),
    };
  }
  const sets: MaskSet[] = names.map((name) => readMasks(folder, name));
  const stored = (image: number) => createRandom(seed, 'setting', image).pick(sets).mask(image);
  return { train: stored, validation: stored };
}
