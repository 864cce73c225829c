/** A decision within a run, which PIPE_DEBUG prints with its reason and its record. */
import path from 'node:path';
import type { Cooperative } from '../cache/files/yielding.js';
import { recordPath } from '../cache/records/records.js';
import type { Item } from '../pipeline/plan.js';
import { type BuildContext, itemAt } from './build-context.js';
import { type Decision, decide } from './decide.js';
import { explain } from './explain.js';
import { ifReadable } from './file-view.js';
import type { DecisionContext } from './fingerprint.js';

/** @param around view of the item's inputs; by default the project on disk */
export function* decideItem(
  build: BuildContext,
  index: number,
  context: DecisionContext = build.project,
): Cooperative<Decision> {
  const { project, codes, options } = build;
  const item = itemAt(build, index);
  const decided = yield* decide(item, codes.of(index), context, options.force);
  const decision = build.temps?.ifWanted(index, decided) ?? decided;
  project.debug?.(lineOf(build, item, index, decision));
  return decision;
}

/** Undefined when an input is not readable. Only the item that reads it fails, when its turn comes. */
export function* decideIfReadable(
  build: BuildContext,
  index: number,
): Cooperative<Decision | undefined> {
  const decision = yield* ifReadable(decideItem(build, index));
  if (decision === undefined) debugUndecided(build, index, 'an input cannot be read');
  return decision;
}

/** For PIPE_DEBUG: why there is no decision yet. */
export function debugUndecided(build: BuildContext, index: number, reason: string): void {
  build.project.debug?.(`${itemAt(build, index).id}: undecided (${reason})`);
}

function lineOf(
  { project, codes }: BuildContext,
  item: Item,
  index: number,
  decision: Decision,
): string {
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
