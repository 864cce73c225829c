/** Decides an item of a build (decide.ts has the rule), and prints the decision for PIPE_DEBUG. */
import path from 'node:path';
import type { Cooperative } from '../cache/files/yielding.js';
import { recordPath } from '../cache/records/records.js';
import type { ItemHandle } from './build-context.js';
import { type Decision, decide } from './decide.js';
import { explain } from './explain.js';
import { ifReadable } from './file-view.js';
import type { DecisionContext } from './fingerprint.js';

/** @param context view of the item's inputs; by default the project on disk */
export function* decideItem(
  handle: ItemHandle,
  context: DecisionContext = handle.build.project,
): Cooperative<Decision> {
  const { item, code } = handle;
  const { project, options, temps } = handle.build;
  const decided = yield* decide(item, code, context, options.force);
  const decision = temps?.ifWanted(handle.index, decided) ?? decided;
  project.debug?.(lineOf(handle, decision));
  return decision;
}

/** Undefined if an input is not readable. Only the item that reads it fails, when its turn comes. */
export function* decideIfReadable(handle: ItemHandle): Cooperative<Decision | undefined> {
  const decision = yield* ifReadable(decideItem(handle));
  if (decision === undefined) debugUndecided(handle, 'an input cannot be read');
  return decision;
}

/** For PIPE_DEBUG: why there is no decision yet. */
export function debugUndecided(handle: ItemHandle, reason: string): void {
  handle.build.project.debug?.(`${handle.item.id}: undecided (${reason})`);
}

function lineOf({ build: { project }, item, code }: ItemHandle, decision: Decision): string {
  const { kind } = decision;
  const place = (key: string) =>
    path.relative(project.root, recordPath(project.cache.layout.records, key));
  if (kind === 'fresh') return `${item.id}: fresh, record ${place(decision.key)}`;
  const reasons = explain(project, item, code, decision).map(({ text }) => text);
  const head = `${item.id}: ${kind} (${reasons.join('; ')})`;
  if (kind === 'missing') return head;
  if (kind === 'restore') return `${head}, record ${place(decision.key)}`;
  const last = project.cache.state.readLast(item.id);
  return `${head}, key ${decision.key}, ${last ? `last record ${place(last.key)}` : 'no last record'}`;
}
