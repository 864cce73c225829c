/**
 * Locates the locks of a path by its real path, so that runs find them under any name, mount or
 * machine.
 */
import path from 'node:path';
import { rootAbove } from '../pipeline/root.js';
import { inRealFolder, realPlace } from '../sys/real-place.js';

export interface Home {
  /** Absolute path of the folder with the tickets. */
  readonly folder: string;
  /** The path as the tickets name it. */
  readonly path: string;
}

/** Lock folder for paths outside any project, next to the locked path. */
const LOCKS = '.pipe-locks';

/**
 * @param absolute the path to lock; it may not exist yet
 * @param follow resolve a link at the path itself, as for deps
 */
export function homeOf(root: string, absolute: string, follow: boolean): Home {
  const real = follow ? realPlace(absolute) : inRealFolder(absolute);
  const project = within(root, real) ?? withinOther(real);
  return project ?? { folder: path.join(path.dirname(real), LOCKS), path: path.basename(real) };
}

/** Lock folder for a whole project, such as for its pipeline.lock. */
export function projectHome(root: string): string {
  return path.join(realPlace(path.join(root, 'cache')), 'locks');
}

/** `cache` may be a link to a folder that several clones share: its paths are relative to that folder. */
function within(root: string, real: string): Home | undefined {
  const cache = realPlace(path.join(root, 'cache'));
  const folder = path.join(cache, 'locks');
  if (real.startsWith(`${cache}/`)) return { folder, path: `cache${real.slice(cache.length)}` };
  const base = realPlace(root);
  return real.startsWith(`${base}/`) ? { folder, path: real.slice(base.length + 1) } : undefined;
}

/** An out of another project, reached by a link. */
function withinOther(real: string): Home | undefined {
  const root = rootAbove(path.dirname(real));
  return root === undefined ? undefined : within(root, real);
}
