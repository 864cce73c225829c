/** A decision within a run, which PIPE_DEBUG prints with its reason and its record. */
import path from 'node:path';
import type { Sliced } from '../cache/files/pace.js';
import { recordPath } from '../cache/records/records.js';
import type { Item } from '../pipeline/plan.js';
import { type Decision, decide } from './decide.js';
import { explain } from './explain.js';
import { ifReadable } from './eyes.js';
import type { Surroundings } from './inputs.js';
import { itemAt, type Work } from './work.js';

/** @param around view of the item's inputs; by default the project on disk */
export function* decideItem(
  work: Work,
  index: number,
  around: Surroundings = work.project,
): Sliced<Decision> {
  const { project, codes, options } = work;
  const item = itemAt(work, index);
  const decision = yield* decide(item, codes.of(index), around, options.force);
  project.debug?.(lineOf(work, item, index, decision));
  return decision;
}

/** Undefined when an input is not readable. Only the item that reads it fails, when its turn comes. */
export function* decideIfReadable(work: Work, index: number): Sliced<Decision | undefined> {
  const decision = yield* ifReadable(decideItem(work, index));
  if (decision === undefined) debugUndecided(work, index, 'an input cannot be read');
  return decision;
}

/** For PIPE_DEBUG: why there is no decision yet. */
export function debugUndecided(work: Work, index: number, reason: string): void {
  work.project.debug?.(`${itemAt(work, index).id}: undecided (${reason})`);
}

function lineOf({ project, codes }: Work, item: Item, index: number, decision: Decision): string {
  const { kind } = decision;
  const place = (key: string) =>
    path.relative(project.root, recordPath(project.cache.layout.records, key));
  if (kind === 'fresh') return `${item.id}: fresh, record ${place(decision.key)}`;
  const reasons = explain(project, item, codes.of(index), decision).map(({ text }) => text);
  const head = `${item.id}: ${kind} (${reasons.join('; ')})`;
  if (kind === 'missing') return head;
  if (kind === 'restore') return `${head}, record ${place(decision.key)}`;
  const last = project.cache.readLast(item.id);
  return `${head}, key ${decision.key}, ${last ? `last record ${place(last.key)}` : 'no last record'}`;
}
