/** The images of a data set as one array, as the stage `preprocess` wrote it. */
import { join } from 'node:path';
import { readJson } from '@pipe-experiment/data/json.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { readNpyBytes } from '@pipe-experiment/data/npy.js';
import type { SourceInfo } from '@pipe-experiment/data/sources/source.js';
import type { Kernel } from '@pipe-experiment/images/decode.js';

export interface ImageEntry {
  /** As in the raw index. */
  readonly file: string;
  readonly group: string;
  /** Of the source file. */
  readonly sha256: string;
  readonly part?: 'train' | 'test';
}

/** `index.json` beside images.npy: entry i describes row i. */
export interface ImageIndex {
  readonly source: SourceInfo;
  /** How the images were scaled; each kernel has an array of its own, the first is images.npy. */
  readonly kernels: readonly [Kernel, ...Kernel[]];
  /** Side of the larger pictures of the same images, where there are some: an array for each kernel. */
  readonly detail?: number;
  readonly images: readonly ImageEntry[];
  readonly unreadable: readonly { readonly file: string; readonly reason: string }[];
}

export interface ImageSet {
  readonly index: ImageIndex;
  readonly kernel: Kernel;
  readonly count: number;
  readonly size: number;
  readonly channels: 1 | 3;
  /** uint8 [count, size, size] or [count, size, size, 3] */
  readonly data: Uint8Array;
}

/** The array of a kernel: `images.npy` is that of the first. */
export function imagesFile(kernels: readonly Kernel[], kernel: Kernel): string {
  return kernel === kernels[0] ? 'images.npy' : `images-${kernel}.npy`;
}

/** The array of the same images at the side of `image.detail`. */
export function detailFile(kernels: readonly Kernel[], kernel: Kernel): string {
  return kernel === kernels[0] ? 'detail.npy' : `detail-${kernel}.npy`;
}

/**
 * Reads what the stage `preprocess` wrote.
 *
 * @param wanted the kernel that the images were scaled by; `first`: the first of `image.kernel`
 */
export function readImages(folder: string, wanted: Kernel | 'first' = 'first'): ImageSet {
  const index = readJson<ImageIndex>(join(folder, 'index.json'));
  const kernel = wanted === 'first' ? index.kernels[0] : wanted;
  if (!index.kernels.includes(kernel)) {
    throw mistake(
      `the model takes images scaled by ${kernel}, but image.kernel has only ${index.kernels.join(', ')}`,
      `Set image.kernel to [${[...index.kernels, kernel].join(', ')}], or the model's kernel to first.`,
    );
  }
  const { data, shape } = readNpyBytes(join(folder, imagesFile(index.kernels, kernel)));
  const [count = 0, size = 0, , channels = 1] = shape;
  if (count !== index.images.length) {
    throw new Error(`${folder}: ${count} images, but ${index.images.length} in its index`);
  }
  return { index, kernel, count, size, channels: channels === 3 ? 3 : 1, data };
}

/** Square pictures of one side, in the order of the images. */
export interface Pictures<Bytes extends Uint8Array = Uint8Array> {
  readonly side: number;
  /** uint8 [count, side, side] or [count, side, side, 3] */
  readonly data: Bytes;
}

/** The larger pictures of the same images; undefined where `preprocess` wrote none. */
export function readDetail(folder: string, { index, kernel }: ImageSet): Pictures | undefined {
  if (!index.detail) return undefined;
  const { data } = readNpyBytes(join(folder, detailFile(index.kernels, kernel)));
  return { side: index.detail, data };
}
