/** The stored masks of a set of images, one file for each occlusion setting. */
import { join } from 'node:path';
import { readJson } from '@pipe-experiment/data/json.js';
import { openNpy } from '@pipe-experiment/data/npy.js';
import { unpackMask } from '@pipe-experiment/images/bits.js';
import type { Occlusion } from './mask.js';

/** `index.json` of the masks. */
export interface MaskIndex {
  /** Images are size×size. */
  readonly size: number;
  readonly count: number;
  readonly settings: Readonly<Record<string, Occlusion & { readonly meanArea: number }>>;
}

/** The masks of one setting; mask i belongs to image i. */
export interface MaskSet {
  readonly count: number;
  /** size×size bytes, 1 = occluded. */
  mask(image: number): Uint8Array;
}

export function readMaskIndex(folder: string): MaskIndex {
  return readJson<MaskIndex>(join(folder, 'index.json'));
}

/** Reads what the stage `occlude` wrote for one setting. */
export function readMasks(folder: string, setting: string): MaskSet {
  const { size, settings } = readMaskIndex(folder);
  if (!Object.hasOwn(settings, setting)) {
    throw new Error(`${folder}: no masks of the setting ${setting}`);
  }
  const reader = openNpy(join(folder, `${setting}.npy`));
  const [count = 0, length = 0] = reader.shape;
  const packed = reader.read(0, count) as Uint8Array;
  reader.close();
  return {
    count,
    mask: (image) => unpackMask(packed.subarray(image * length, (image + 1) * length), size * size),
  };
}
