/** Names in the cache for a project and for an item. */
import { sha256 } from '../../canonical.js';
import { realPlace } from '../../sys/real-place.js';
import { isInside, type Layout } from '../layout.js';

/**
 * Name of a project in its cache: `here` for a cache inside the project, so that both can be moved
 * together; else a hash of the project's path, because several projects may share the cache.
 */
export function projectName(layout: Layout): string {
  return isInside(layout) ? 'here' : sha256(realPlace(layout.project)).slice(0, 16);
}

/** File name of an item: readable, and unique for each item. */
export function itemFileName(item: string): string {
  return `${item.replace(/[^\w@,.=-]/g, '_').slice(0, 100)}~${sha256(item).slice(0, 8)}.json`;
}

/** Epochs, as positive integers among file names, ascending: `12`, but not `012`, `0` or `1.5`. */
export function epochsIn(names: readonly string[], ending: string): number[] {
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, name.length - ending.length))
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}
