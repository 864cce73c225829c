/** Maps, and the merge key `<<`. */
import type { Json } from '../../stage/context.js';
import type { AstNode, Entry } from './ast.js';
import type { Diagnostics } from './diagnostics.js';
import type { Span } from './source-text.js';

/** The maps that a `<<` merges. */
export function mergeSources(
  node: AstNode,
  at: Span,
  diagnostics: Diagnostics,
): readonly AstNode[] {
  const sources = node.items ?? [node];
  if (sources.every((source) => source.entries)) return sources;
  const message = '"<<" takes a map or a list of maps';
  diagnostics.add(
    { code: 'bad-merge', message, hint: 'put the anchor on a map, as in: &name { … }' },
    at,
  );
  return [];
}

/** Own keys first, then the merged ones that are not among them; the earliest source wins. */
export function withMerged(
  own: Map<string, Entry>,
  sources: readonly AstNode[],
): Map<string, Entry> {
  for (const source of sources) {
    for (const [name, entry] of source.entries!) if (!own.has(name)) own.set(name, entry);
  }
  return own;
}

export function mapOf(entries: ReadonlyMap<string, Entry>, span: Span): AstNode {
  const value: Record<string, Json> = {};
  let size = 1;
  for (const [name, { node }] of entries) {
    value[name] = node.value;
    size += node.size;
  }
  return { span, value, entries, size };
}
