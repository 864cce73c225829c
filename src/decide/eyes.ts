/** The workspace as it lies there, or as it will be: through these eyes inputs are looked at. */
import { type Cache, type Scan, type ScanOptions, UnusableFile } from '../cache/cache.js';
import type { Sliced } from '../cache/files/pace.js';
import type { Digest } from '../cache/objects/digest.js';

/** What a folder will hold; undefined: as it lies there. */
export type StoredListing = (
  folder: string,
) => readonly { readonly name: string; readonly digest: Digest }[] | undefined;

export interface Eyes {
  readonly root: string;
  readonly cache: Cache;
  /** What lies at a path; by default what the cache sees on disk. */
  readonly look?: (path: string, options?: ScanOptions) => Sliced<Scan | undefined>;
  /** What a folder will hold that is still to be put back; undefined: what it holds on disk. */
  readonly stored?: StoredListing;
  /** Absolute path that a link leads to which is still to be put back; undefined: the disk knows. */
  readonly targetOf?: (link: string) => string | undefined;
}

/** What lies at a path, through these eyes. */
export function scanAt(where: string, eyes: Eyes, options?: ScanOptions): Sliced<Scan | undefined> {
  return eyes.look === undefined ? eyes.cache.scanning(where, options) : eyes.look(where, options);
}

/** Undefined when something cannot be read. */
export function* ifReadable<T>(look: Sliced<T>): Sliced<T | undefined> {
  try {
    return yield* look;
  } catch (error) {
    if (error instanceof UnusableFile) return undefined;
    throw error;
  }
}
