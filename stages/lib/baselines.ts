/**
 * The folder `baselines/` of a data set: what every classical method makes of its test images and of some
 * train images. All models of the data set are compared with it, so it is computed once.
 *
 * - `index.json`: `BaselineIndex`
 * - for each kernel that images are scaled by, `<kernel>/`:
 *   - `test.npy`, `train.npy`: float32 [settings, methods, targets, scores, images]
 *   - `<setting>.npy`: uint8 [occluded pixels of all test images, methods × channels], image after image
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from '@pipe-experiment/data/json.js';
import { createNpyWriter, openNpy, readNpy, writeNpy } from '@pipe-experiment/data/npy.js';
import { type BaselineName, both } from '@pipe-experiment/fills/methods.js';
import { maskArea } from '@pipe-experiment/images/bits.js';
import type { Kernel } from '@pipe-experiment/images/decode.js';
import type { Restorations, RestoreChunk, Scores } from './evaluation.js';
import { imageOf } from './evaluation.js';
import type { MaskSet } from './masks.js';
import { TARGETS } from './score.js';

/** Of one kernel. */
export interface KernelIndex {
  /** Train images that the linear methods were fitted to. */
  readonly fitted: number;
  /** Components of PCA by setting. */
  readonly components: Readonly<Record<string, number>>;
  /** [setting][method][bin]: mean SSIM of the test images by the distance from the rim; null where no hole is so deep. */
  readonly rims: readonly (readonly (readonly (number | null)[])[])[];
}

export interface BaselineIndex {
  readonly settings: readonly string[];
  readonly methods: readonly BaselineName[];
  readonly scores: readonly string[];
  /** Indices of the images that are scored. */
  readonly test: readonly number[];
  readonly train: readonly number[];
  readonly kernels: Readonly<Partial<Record<Kernel, KernelIndex>>>;
}

export function readBaselineIndex(folder: string): BaselineIndex {
  return readJson<BaselineIndex>(join(folder, 'index.json'));
}

export function writeBaselineIndex(folder: string, index: BaselineIndex): void {
  writeJson(join(folder, 'index.json'), index);
}

export function writeBaselineScores(
  folder: string,
  kernel: Kernel,
  side: 'test' | 'train',
  { settings, methods, names, images, values }: Scores,
): void {
  mkdirSync(join(folder, kernel), { recursive: true });
  const shape = [settings.length, methods.length, TARGETS.length, names.length, images];
  writeNpy(join(folder, kernel, `${side}.npy`), Float32Array.from(values), shape);
}

export function readBaselineScores(folder: string, kernel: Kernel, side: 'test' | 'train'): Scores {
  const index = readBaselineIndex(folder);
  return {
    settings: index.settings,
    methods: index.methods,
    names: index.scores,
    images: index[side].length,
    values: Float64Array.from(readNpy(join(folder, kernel, `${side}.npy`)).data),
  };
}

/** Keeps what the methods put into the holes of one setting. */
export function createFillWriter(
  folder: string,
  kernel: Kernel,
  setting: string,
  methods: readonly BaselineName[],
  channels: number,
) {
  mkdirSync(join(folder, kernel), { recursive: true });
  const row = methods.length * channels;
  const writer = createNpyWriter(join(folder, kernel, `${setting}.npy`), '|u1', [row]);
  return {
    write(mask: Uint8Array, all: Restorations): void {
      const images = methods.map((method) => all.get(method)!.composite);
      const bytes: number[] = [];
      for (let pixel = 0; pixel < mask.length; pixel++) {
        if (mask[pixel] === 0) continue;
        for (const image of images) {
          for (let c = 0; c < channels; c++) bytes.push(image[pixel * channels + c]!);
        }
      }
      writer.write(Uint8Array.from(bytes));
    },
    close: () => writer.close(),
  };
}

/** Gives what the methods made of test images, as it was kept. */
export function restoreAsKept(
  folder: string,
  kernel: Kernel,
  masks: ReadonlyMap<string, MaskSet>,
  channels: number,
): RestoreChunk {
  const { methods, test } = readBaselineIndex(folder);
  const startsOf = (setting: string) => {
    const set = masks.get(setting)!;
    let next = 0;
    return test.map((index) => {
      const start = next;
      next += maskArea(set.mask(index));
      return start;
    });
  };
  const starts = new Map<string, readonly number[]>();
  return (chunk) => {
    const { setting, count, first } = chunk;
    if (!starts.has(setting)) starts.set(setting, startsOf(setting));
    const reader = openNpy(join(folder, kernel, `${setting}.npy`));
    const kept = Array.from({ length: count }, (_, i) => {
      const { original, mask } = imageOf(chunk, i);
      const rows = reader.read(starts.get(setting)![first + i]!, maskArea(mask)) as Uint8Array;
      return paste(methods, original, mask, rows, channels);
    });
    reader.close();
    return kept;
  };
}

function paste(
  methods: readonly BaselineName[],
  original: Uint8Array,
  mask: Uint8Array,
  rows: Uint8Array,
  channels: number,
): Restorations {
  const images = methods.map(() => original.slice());
  for (let pixel = 0, at = 0; pixel < mask.length; pixel++) {
    if (mask[pixel] === 0) continue;
    for (const image of images) {
      for (let c = 0; c < channels; c++, at++) image[pixel * channels + c] = rows[at]!;
    }
  }
  return new Map(methods.map((method, m) => [method, both(images[m]!)]));
}
