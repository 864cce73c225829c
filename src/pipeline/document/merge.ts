/** Maps, and the merge key `<<`. */
import type { Json } from '../../stage/context.js';
import type { Entry, Located } from './located.js';
import type { Problems } from './problems.js';
import type { Span } from './source.js';

/** The maps that a `<<` merges. */
export function mergeSources(node: Located, at: Span, problems: Problems): readonly Located[] {
  const sources = node.items ?? [node];
  if (sources.every((source) => source.entries)) return sources;
  problems.add({ code: 'bad-merge', message: '"<<" takes a map or a list of maps' }, at);
  return [];
}

/** Own keys first, then the merged ones that are not among them; the earliest source wins. */
export function withMerged(
  own: Map<string, Entry>,
  sources: readonly Located[],
): Map<string, Entry> {
  for (const source of sources) {
    for (const [name, entry] of source.entries!) if (!own.has(name)) own.set(name, entry);
  }
  return own;
}

export function mapOf(entries: ReadonlyMap<string, Entry>, span: Span): Located {
  const value: Record<string, Json> = {};
  let size = 1;
  for (const [name, { node }] of entries) {
    value[name] = node.value;
    size += node.size;
  }
  return { span, value, entries, size };
}
