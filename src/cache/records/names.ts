/** Names of what lies in the cache for a project, and for an item of it. */
import { sha256 } from '../../canonical.js';
import { isInside, type Layout, realOrSame } from '../layout.js';

/**
 * The name of a project within its cache: `here` for a cache inside the project, so that both can
 * be moved together; else a hash of where the project is, as several may share the cache.
 */
export function projectName(layout: Layout): string {
  return isInside(layout) ? 'here' : sha256(realOrSame(layout.project)).slice(0, 16);
}

/** An item's file: readable, and never the same for two items. */
export function itemFileName(item: string): string {
  return `${item.replace(/[^\w@,.=-]/g, '_').slice(0, 100)}~${sha256(item).slice(0, 8)}.json`;
}
