/** Images on their way from files to one array: decoding, scaling, gray; and reading that array back. */
import { join } from 'node:path';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { readNpyBytes } from '@pipe-experiment/data/npy.js';
import type { SourceInfo } from '@pipe-experiment/data/sources/source.js';
import sharp from 'sharp';
import { readJson } from './json.js';

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

/**
 * How an image is scaled.
 * - `cubic`: Catmull–Rom, widened when shrinking so that nothing aliases.
 * - `nearest`: the source pixel under the target pixel's centre, as Pillow's NEAREST, which the
 *   paper's code used; fine detail aliases.
 */
export const KERNELS = ['cubic', 'nearest', 'linear', 'mitchell', 'lanczos2', 'lanczos3'] as const;
export type Kernel = (typeof KERNELS)[number];

export interface ImageFormat {
  readonly size: number;
  readonly channels: 1 | 3;
  readonly kernel: Kernel;
}

/** One image is small: many at once use the cores better than many threads on one. */
export function configureSharp(): void {
  sharp.concurrency(1);
  sharp.cache(false);
}

/**
 * Decodes an image to size×size, whatever its ratio; upright as its EXIF says, transparency over white.
 *
 * @throws Error when it cannot be read as a whole
 */
export async function decodeImage(
  file: Buffer,
  { size, channels, kernel }: ImageFormat,
): Promise<Uint8Array> {
  const decoded = sharp(file, { failOn: 'error' })
    .autoOrient()
    .toColourspace('srgb')
    .flatten({ background: 'white' });
  if (kernel !== 'nearest') {
    const rgb = await decoded.resize(size, size, { fit: 'fill', kernel }).raw().toBuffer();
    return channels === 1 ? toGray(rgb) : rgb;
  }
  const { data, info } = await decoded.raw().toBuffer({ resolveWithObject: true });
  const rgb = pickNearest(data, info.width, info.height, size);
  return channels === 1 ? toGray(rgb) : rgb;
}

/**
 * ITU-R BT.601 luma of gamma-encoded RGB, rounded: (19595 R + 38470 G + 7471 B + 2¹⁵) / 2¹⁶.
 * These are the integers of Pillow's `convert('L')`, so gray values agree with it exactly.
 */
export function toGray(rgb: Uint8Array): Uint8Array {
  const gray = new Uint8Array(rgb.length / 3);
  for (let pixel = 0; pixel < gray.length; pixel++) {
    const index = pixel * 3;
    gray[pixel] =
      (19595 * rgb[index]! + 38470 * rgb[index + 1]! + 7471 * rgb[index + 2]! + 0x8000) >> 16;
  }
  return gray;
}

function pickNearest(rgb: Uint8Array, width: number, height: number, size: number): Uint8Array {
  const out = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    const row = Math.floor(((y + 0.5) * height) / size);
    for (let x = 0; x < size; x++) {
      const from = (row * width + Math.floor(((x + 0.5) * width) / size)) * 3;
      out.set(rgb.subarray(from, from + 3), (y * size + x) * 3);
    }
  }
  return out;
}
