/** A view of the workspace, as it is or as it will be. Inputs are read through it. */
import { type Cache, type Scan, type ScanOptions, UnusableFile } from '../cache/cache.js';
import type { Cooperative } from '../cache/files/yielding.js';
import { type Digest, kindOf } from '../cache/objects/digest.js';
import type { TreeEntry } from '../cache/objects/tree.js';

/** The future content of a folder; undefined: as on disk. */
type StoredListing = (
  folder: string,
) => readonly { readonly name: string; readonly digest: Digest }[] | undefined;

export interface FileView {
  readonly root: string;
  readonly cache: Cache;
  /** Scans a path; by default on disk. */
  readonly look?: (path: string, options?: ScanOptions) => Cooperative<Scan | undefined>;
  /** The content of a folder that will be restored; undefined: as on disk. */
  readonly stored?: StoredListing;
  /** Absolute target of a link that will be restored; undefined: as on disk. */
  readonly targetOf?: (link: string) => string | undefined;
}

/** Scans a path through this view. */
export function scanAt(
  where: string,
  view: FileView,
  options?: ScanOptions,
): Cooperative<Scan | undefined> {
  return view.look === undefined ? view.cache.scanning(where, options) : view.look(where, options);
}

/**
 * The entry at a path inside a stored directory; null if it has none there; undefined if its listing
 * is not stored.
 */
export function entryWithin(
  cache: Cache,
  directory: Digest,
  [name, ...inner]: readonly string[],
): TreeEntry | null | undefined {
  if (kindOf(directory) !== 'directory') return null;
  const listing = cache.treeListing(directory);
  const entry = listing?.find((each) => each.name === name);
  if (entry === undefined) return listing && null;
  return inner.length === 0 ? entry : entryWithin(cache, entry.digest, inner);
}

/** Undefined when something is not readable. */
export function* ifReadable<T>(look: Cooperative<T>): Cooperative<T | undefined> {
  try {
    return yield* look;
  } catch (error) {
    if (error instanceof UnusableFile) return undefined;
    throw error;
  }
}
