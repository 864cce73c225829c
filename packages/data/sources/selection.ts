/** Which images of a folder or an archive are taken, and how they are grouped. */
import { posix } from 'node:path';
import { compileGlob } from '../glob.js';
import { mistake } from '../mistake.js';
import { createRandom } from '../random.js';
import { type GroupRule, groupBy } from './groups.js';
import { type RawImage, sortImages } from './source.js';

/** How the images of a folder or an archive are chosen and grouped. */
export interface Selection {
  /** Pattern of the paths inside; all images unless said. */
  readonly include?: string;
  /** `file` unless said. */
  readonly group?: GroupRule;
  /** Take this many, drawn with `seed`; all unless said. */
  readonly count?: number;
  readonly seed?: number;
  /** Images from this one on (from 0, sorted by base name) are for the test alone, those before for training. */
  readonly testFrom?: number;
  readonly maxUnpackedBytes?: number;
}

const IMAGE = /\.(jpe?g|png|webp|gif|tiff?|avif)$/i;

export interface Choice {
  /** In the folder or archive. */
  readonly path: string;
  readonly image: RawImage;
}

/** The images to take, sorted, with groups and parts. */
export function choose(
  paths: readonly string[],
  { include = '**', group = 'file', count, seed = 1, testFrom }: Selection,
  where: string,
): Choice[] {
  const included = compileGlob(include);
  const found = paths.filter((path) => isImage(path) && included(path)).sort();
  if (found.length === 0) {
    throw mistake(
      `${where}: holds no image${include === '**' ? '' : ` that matches ${include}`}`,
      'Images are files ending in jpg, jpeg, png, webp, gif, tif, tiff or avif.',
    );
  }
  const grouped = groupBy(group);
  const tested = new Set(testFrom === undefined ? [] : sortByName(found).slice(testFrom));
  const images = sortImages(
    found.map((path): RawImage => {
      const image = { file: `images/${path}`, group: grouped(path) };
      if (testFrom === undefined) return image;
      return { ...image, part: tested.has(path) ? 'test' : 'train' };
    }),
  );
  return draw(images, count, seed).map((image) => ({
    path: image.file.slice('images/'.length),
    image,
  }));
}

function sortByName(paths: readonly string[]): string[] {
  const named = paths.map((path) => ({ path, name: posix.basename(path) }));
  return named
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .map(({ path }) => path);
}

function draw(images: readonly RawImage[], count: number | undefined, seed: number): RawImage[] {
  if (count === undefined || count >= images.length) return [...images];
  return sortImages(
    createRandom(seed, 'draw')
      .shuffle([...images])
      .slice(0, count),
  );
}

/** Files that archives of macOS add, and hidden files, end like images but are none. */
export function isImage(path: string): boolean {
  return (
    IMAGE.test(path) && !path.split('/').some((part) => part.startsWith('.') || part === '__MACOSX')
  );
}
