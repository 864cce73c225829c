/** PIPE_DEBUG: each decision as a line. Loaded only then. docs/development.md explains the lines. */
import path from 'node:path';
import { recordPath } from '../cache/records/records.js';
import type { ItemHandle } from './build-context.js';
import { explain } from './explain.js';
import type { Decision } from './staleness.js';

/** Prints a decision with its reasons and the path of its record. */
export function printDecision(handle: ItemHandle, decision: Decision): void {
  handle.build.project.debug?.(lineOf(handle, decision));
}

function lineOf(handle: ItemHandle, decision: Decision): string {
  const { kind } = decision;
  const { item, cache } = handle;
  const { root } = handle.build.project;
  const place = (key: string) => path.relative(root, recordPath(cache.layout.records, key));
  if (kind === 'fresh') return `${item.id}: fresh, record ${place(decision.key)}`;
  const reasons = explain(handle, decision).map(({ text }) => text);
  const head = `${item.id}: ${kind} (${reasons.join('; ')})`;
  if (kind === 'missing') return head;
  if (kind === 'restore') return `${head}, record ${place(decision.key)}`;
  const last = cache.state.readLast(item.id);
  return `${head}, key ${decision.key}, ${last ? `last record ${place(last.key)}` : 'no last record'}`;
}
