/** Pictures among the outs of an item. */
import type { Cache } from '../cache/cache.js';
import type { Digest } from '../cache/objects/digest.js';
import type { RecordedOut } from '../cache/records/record.js';
import type { Item } from '../pipeline/plan.js';
import type { PagePicture } from './model.js';

/** By the end of a file's name. Browsers run no script of an SVG that is an image. */
const TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  svg: 'image/svg+xml',
};

export interface StoredPicture {
  readonly digest: Digest;
  readonly type: string;
  readonly size: number;
}

/** The address of a picture in the page; undefined: it is left out. */
export type PictureSource = (picture: StoredPicture) => string | undefined;

/** In a folder of thousands, the first ones. */
const MOST_OF_ITEM = 24;

export function picturesOf(
  cache: Cache,
  { outs, plots = [] }: Item,
  recorded: readonly RecordedOut[],
  sourceOf: PictureSource,
): readonly PagePicture[] | undefined {
  const found: PagePicture[] = [];
  const look = (path: string, digest: Digest, size: number): void => {
    if (found.length === MOST_OF_ITEM) return;
    if (digest.startsWith('d:')) {
      for (const entry of cache.treeListing(digest) ?? [])
        look(`${path}/${entry.name}`, entry.digest, entry.size);
      return;
    }
    const type = TYPES[path.split('.').at(-1)?.toLowerCase() ?? ''];
    const src = type && digest.startsWith('f:') ? sourceOf({ digest, type, size }) : undefined;
    const name = plots.find((plot) => plot.path === path)?.name;
    if (src !== undefined) found.push({ ...(name !== undefined && { name }), path, src });
  };
  for (const { name, path } of outs) {
    const out = recorded.find((each) => each.name === name);
    if (out !== undefined) look(path, out.digest, out.size);
  }
  return found.length === 0 ? undefined : found;
}

const MOST_EMBEDDED = 8 * 1024 * 1024;
const MOST_OF_PICTURE = 1024 * 1024;

/** Pictures as part of a file, as far as its size allows; `onLeftOut` counts the others. */
export function embedding(cache: Cache, onLeftOut: () => void): PictureSource {
  let room = MOST_EMBEDDED;
  return ({ digest, type, size }) => {
    const bytes = size <= Math.min(room, MOST_OF_PICTURE) ? cache.readStored(digest) : undefined;
    if (bytes === undefined) {
      onLeftOut();
      return undefined;
    }
    room -= bytes.length;
    return `data:${type};base64,${bytes.toString('base64')}`;
  };
}
