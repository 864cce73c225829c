/** Pictures among the outs of an item. */
import type { Cache } from '../cache/cache.js';
import type { Digest } from '../cache/objects/digest.js';
import type { RecordedOut } from '../cache/records/record.js';
import type { Item } from '../pipeline/plan.js';
import { type ArrayPicture, arrayPicture } from './array-picture.js';
import type { PagePicture } from './model.js';

/** For an array, which is drawn when it is shown. */
const ARRAY = 'npy';

/** Types by file extension. Browsers do not run scripts in an SVG that is used as an image. */
const TYPES: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  svg: 'image/svg+xml',
  npy: ARRAY,
};

interface StoredPicture {
  readonly digest: Digest;
  readonly type: string;
  readonly size: number;
}

/** The address of a picture in the page; undefined to omit it. `isOlder`: belongs to an earlier result. */
export type PictureSource = (picture: StoredPicture, isOlder: boolean) => string | undefined;

/** A larger array is not read. */
const MOST_OF_ARRAY = 8 * 1024 * 1024;

/** Unless named under `plots:`, a larger or longer array is probably data, not a picture. */
const MOST_UNNAMED = 1024 * 1024;
const LONGEST_UNNAMED = 8;

/** The picture in a format that browsers show. */
export function shownPicture(
  cache: Cache,
  { digest, type }: Pick<StoredPicture, 'digest' | 'type'>,
): { readonly type: string; readonly bytes: Buffer } | undefined {
  const bytes = cache.readStored(digest);
  if (type !== ARRAY) return bytes && { type, bytes };
  const drawn = bytes && arrayPicture(bytes);
  return drawn && { type: 'image/png', bytes: drawn.png };
}

/** Pictures of arrays that the live page knows already; undefined for an array that cannot be drawn. */
const known = new Map<Digest, Pick<ArrayPicture, 'note' | 'ratio'> | undefined>();

/** Undefined for an array that is not shown. */
function noteOf(cache: Cache, digest: Digest, size: number, isNamed: boolean): string | undefined {
  if (size > (isNamed ? MOST_OF_ARRAY : MOST_UNNAMED)) return undefined;
  if (!known.has(digest)) {
    const bytes = cache.readStored(digest);
    const drawn = bytes && arrayPicture(bytes);
    known.set(digest, drawn && { note: drawn.note, ratio: drawn.ratio });
  }
  const array = known.get(digest);
  return array && (isNamed || array.ratio <= LONGEST_UNNAMED) ? array.note : undefined;
}

/** Only the first ones of a folder with thousands. */
const MOST_OF_ITEM = 24;

export function picturesOf(
  cache: Cache,
  { outs, plots = [] }: Item,
  recorded: readonly RecordedOut[],
  sourceOf: PictureSource,
  isOlder: boolean,
  onlyNamed = false,
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
    if (type === undefined || !digest.startsWith('f:')) return;
    const name = plots.find((plot) => plot.path === path)?.name;
    if (onlyNamed && name === undefined) return;
    const note = type === ARRAY ? noteOf(cache, digest, size, name !== undefined) : undefined;
    if (type === ARRAY && note === undefined) return;
    const src = sourceOf({ digest, type, size }, isOlder);
    const about = { ...(name !== undefined && { name }), ...(note !== undefined && { note }) };
    if (src !== undefined) found.push({ ...about, path, src });
  };
  for (const { name, path } of outs) {
    const out = recorded.find((each) => each.name === name);
    if (out !== undefined) look(path, out.digest, out.size);
  }
  return found.length === 0 ? undefined : found;
}

const MOST_EMBEDDED = 8 * 1024 * 1024;
const MOST_OF_PICTURE = 1024 * 1024;

/** Embeds pictures in a file, as far as its size allows; `onLeftOut` counts the others. */
export function embedding(cache: Cache, onLeftOut: () => void): PictureSource {
  let room = MOST_EMBEDDED;
  return (picture, isOlder) => {
    const isSmall = picture.type === ARRAY || picture.size <= MOST_OF_PICTURE;
    const shown = isSmall ? shownPicture(cache, picture) : undefined;
    if (shown === undefined || shown.bytes.length > Math.min(room, MOST_OF_PICTURE)) {
      if (!isOlder) onLeftOut();
      return undefined;
    }
    room -= shown.bytes.length;
    return `data:${shown.type};base64,${shown.bytes.toString('base64')}`;
  };
}
