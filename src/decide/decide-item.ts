/** Decides an item of a build (staleness.ts has the rule), and reports the decision for PIPE_DEBUG. */
import type { Cooperative } from '../cache/files/yielding.js';
import type { ItemHandle } from './build-context.js';
import { ifReadable } from './file-view.js';
import type { DecisionContext } from './fingerprint.js';
import { type Decision, decide } from './staleness.js';

/** @param context view of the item's inputs; by default the project on disk */
export function* decideItem(
  handle: ItemHandle,
  context: DecisionContext = handle.build.project,
): Cooperative<Decision> {
  const { item, code } = handle;
  const { options, temps, onDecision } = handle.build;
  const decided = yield* decide(item, code, context, options.force);
  const decision = temps?.ifWanted(handle.index, decided) ?? decided;
  onDecision?.(handle, decision);
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
