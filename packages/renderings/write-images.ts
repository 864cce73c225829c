/** Renders the images of a source, each in the folder of its group. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mapInParallel } from '@pipe-experiment/data/parallel.js';
import { createRandom, type Random } from '@pipe-experiment/data/random.js';
import {
  type RawIndex,
  type SourceContext,
  sortImages,
} from '@pipe-experiment/data/sources/source.js';
import sharp from 'sharp';
import type { Raster } from './raster.js';
import { GROUPS, groupName, groupOf } from './scenes.js';

export interface Rendering {
  /** Of one image, such as `face`: part of the names of the files, and of the seeds. */
  readonly name: string;
  readonly count: number;
  readonly seed: number;
  /** Of the JPEG files, 1 to 100. */
  readonly quality: number;
  /** @param group the image's group, from 0 */
  readonly render: (random: Random, group: number) => Promise<Raster>;
}

/** Image i depends on the seed and i alone, not on the count. */
export async function writeImages(
  { name, count, seed, quality, render }: Rendering,
  { folder, signal, progress }: SourceContext,
): Promise<RawIndex['images']> {
  for (let group = 0; group < Math.min(count, GROUPS); group++) {
    mkdirSync(join(folder, 'images', groupName(group)), { recursive: true });
  }
  const images = await mapInParallel(
    Array.from({ length: count }, (_, index) => index),
    async (index) => {
      const raster = await render(createRandom(seed, name, index), groupOf(index));
      const group = groupName(groupOf(index));
      const file = `images/${group}/${name}-${String(index).padStart(5, '0')}.jpg`;
      writeFileSync(join(folder, file), await jpegOf(raster, quality));
      return { file, group };
    },
    { signal, onDone: (done) => progress(done, count, `${name}s`) },
  );
  return sortImages(images);
}

async function jpegOf({ data, width, height }: Raster, quality: number): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
}
