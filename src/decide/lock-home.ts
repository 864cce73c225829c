/** Locates the locks of a path by its real path, so that runs find them by any name, mount or machine. */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { PIPELINE_FILE } from '../pipeline/root.js';

export interface Home {
  /** Absolute path of the folder of tickets. */
  readonly folder: string;
  /** The path by its name in the tickets. */
  readonly path: string;
}

/** Lock folder for places outside of any project, next to the locked path. */
const BESIDE = '.pipe-locks';

/**
 * @param absolute the path to lock; it may not exist yet
 * @param follow resolve a link at the path itself, as for deps
 */
export function homeOf(root: string, absolute: string, follow: boolean): Home {
  const real = follow ? realPlace(absolute) : besideReal(absolute);
  const project = within(root, real) ?? withinOther(real);
  return project ?? { folder: path.join(path.dirname(real), BESIDE), path: path.basename(real) };
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
  for (let at = path.dirname(real); at !== path.dirname(at); at = path.dirname(at)) {
    if (existsSync(path.join(at, PIPELINE_FILE))) return within(at, real);
  }
  return undefined;
}

/** The real path, as far as the path exists. */
export function realPlace(absolute: string): string {
  try {
    return realpathSync.native(absolute);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
    return besideReal(absolute);
  }
}

/** The path itself, unresolved, in the real path of its folder. */
function besideReal(absolute: string): string {
  const folder = path.dirname(absolute);
  return folder === absolute ? absolute : path.join(realPlace(folder), path.basename(absolute));
}
