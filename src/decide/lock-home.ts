/**
 * Where the claims on a path lie: with what the path leads to, so that runs meet there by whatever
 * name, cache folder, mount or machine they come.
 */
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { PIPELINE_FILE } from '../pipeline/root.js';

export interface Home {
  /** Absolute path of the folder of tickets. */
  readonly folder: string;
  /** The path as tickets there name it. */
  readonly path: string;
}

/** For places that belong to no project, beside what is claimed. */
const BESIDE = '.pipe-locks';

/**
 * @param absolute what is claimed; nothing need be there yet
 * @param follow a link at the path itself counts as what it leads to, as for deps
 */
export function homeOf(root: string, absolute: string, follow: boolean): Home {
  const real = follow ? realPlace(absolute) : besideReal(absolute);
  const project = within(root, real) ?? withinOther(real);
  return project ?? { folder: path.join(path.dirname(real), BESIDE), path: path.basename(real) };
}

/** The folder for what concerns a whole project, such as its pipeline.lock. */
export function projectHome(root: string): string {
  return path.join(realPlace(path.join(root, 'cache')), 'locks');
}

/** `cache` may be a link to a folder that several clones share: what lies in there is named from there. */
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

/** The real path, as far as anything is there. */
export function realPlace(absolute: string): string {
  try {
    return realpathSync.native(absolute);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ELOOP') throw error;
    return besideReal(absolute);
  }
}

/** The path itself as it is, in the real path of its folder. */
function besideReal(absolute: string): string {
  const folder = path.dirname(absolute);
  return folder === absolute ? absolute : path.join(realPlace(folder), path.basename(absolute));
}
