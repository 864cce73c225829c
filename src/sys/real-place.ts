/** Real paths, also of entries that may not exist yet. */
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { LEADS_NOWHERE, unless, unlessRefused } from './if-there.js';

/**
 * The system's own answer. Node's `realpathSync` drops a name before `..` even if it is a link: it
 * finds another file, or never returns.
 */
export const realPath = realpathSync.native;

/**
 * The absolute path of a path that a user names. As for the system, `link/..` is the folder above the
 * link's target. `path.resolve` would give the folder above the link.
 */
export function namedPlace(folder: string, name: string): string {
  const parts = name.split('/');
  const upTo = parts.lastIndexOf('..') + 1;
  if (upTo === 0) return path.resolve(folder, name);
  const above = parts.slice(0, upTo).join('/');
  const absolute = above.startsWith('/') ? above : `${folder}/${above}`;
  const known = unlessRefused(() => realPath(absolute));
  return path.resolve(known ?? path.resolve(folder, above), ...parts.slice(upTo));
}

/** Undefined for an absent path, and for a link that is broken or leads in a circle. */
export function realpathIfThere(absolute: string): string | undefined {
  return unless(LEADS_NOWHERE, () => realPath(absolute));
}

/** The real path, as far as the path exists. */
export function realPlace(absolute: string): string {
  return realpathIfThere(absolute) ?? inRealFolder(absolute);
}

/** The last name, unresolved, in the real path of its folder. */
export function inRealFolder(absolute: string): string {
  const folder = path.dirname(absolute);
  return folder === absolute ? absolute : path.join(realPlace(folder), path.basename(absolute));
}
