/** Size limit of the cache for automatic gc: the user's, or the default. */
import { defaultMaxSize } from '../cache/gc/disk-usage.js';
import type { Project } from '../decide/project.js';
import { userError } from '../error.js';
import { parseSize } from '../pipeline/document/quantity.js';

/** Value of `PIPE_CACHE_MAX_SIZE`; undefined when unset. */
export function statedLimit({ env }: Pick<Project, 'env'>): number | 'off' | undefined {
  const text = env.PIPE_CACHE_MAX_SIZE;
  if (text === undefined || text === '') return undefined;
  const limit = text === 'off' ? text : parseSize(text);
  if (limit !== undefined) return limit;
  throw userError(
    'cache-limit',
    `"${text}" is not a valid value for PIPE_CACHE_MAX_SIZE`,
    'give a size such as 50G, or off',
  );
}

/** Bytes; undefined when automatic gc is off. */
export function cacheLimit(project: Project): number | undefined {
  const stated = statedLimit(project);
  return stated === 'off' ? undefined : (stated ?? defaultMaxSize(project.cache.layout.root));
}
