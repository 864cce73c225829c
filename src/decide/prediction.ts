/** Prediction of a run, without running it: for `--dry`, `--frozen`, `status`, `why` and `graph`. */
import { type Cooperative, finish } from '../cache/files/yielding.js';
import { type BuildContext, itemAt, selectedItems } from './build-context.js';
import { debugUndecided, decideItem } from './decide-item.js';
import { Overlay } from './overlay.js';
import type { Decision } from './staleness.js';
import { layGone, madeAgain, readersOf } from './temp-outs.js';

export type Prediction =
  | Decision
  /** Depends on outs of items that must run first; their names. */
  | { readonly kind: 'unknown'; readonly waitsFor: readonly string[] };

/** True if a run would have nothing to do. */
export function areFresh(found: ReadonlyMap<number, Prediction>): boolean {
  return [...found.values()].every(({ kind }) => kind === 'fresh');
}

/**
 * The prediction for every selected item, by index. Outs of an item to be restored are known without
 * restoring them. Outs of an item to be run are not, so its dependents are unknown. With `--only`,
 * existing inputs are used.
 */
export function predict(build: BuildContext): Promise<Map<number, Prediction>> {
  return finish(predictions(build), build.options.interruption.stop);
}

function* predictions(build: BuildContext): Cooperative<Map<number, Prediction>> {
  const found = new Map<number, Prediction>();
  const overlay = new Overlay(build.project);
  const view = { ...build.project, ...overlay.view };
  for (const handle of selectedItems(build)) {
    const { index, item } = handle;
    const waitsFor = handle.needs.filter((need) => isOpen(found.get(need)));
    if (waitsFor.length > 0) {
      const names = waitsFor.map((need) => itemAt(build, need).id);
      found.set(index, { kind: 'unknown', waitsFor: names });
      debugUndecided(handle, waitingText(names));
      continue;
    }
    yield undefined;
    const decided = yield* decideItem(handle, view);
    const decision = foreseen(build, decided);
    found.set(index, decision);
    if (decision.kind === 'restore') overlay.lay(item, decision.record);
    layGone(overlay, decision);
  }
  predictRemaking(build, found);
  return found;
}

/** An item makes its temporary outs again if they are gone and a reader of them runs. */
function predictRemaking(build: BuildContext, found: Map<number, Prediction>): void {
  for (const index of [...build.selected].reverse()) {
    const decision = found.get(index);
    if (decision === undefined || !('gone' in decision)) continue;
    const readers = readersOf(build.project.plan, index);
    const runs = readers.find((reader) => isOpen(found.get(reader)));
    if (runs === undefined) continue;
    const outlook = found.get(runs) as Prediction;
    if (outlook.kind === 'unknown') found.set(index, outlook);
    else found.set(index, madeAgain(decision, itemAt(build, runs).id));
  }
}

/** The remote cache has the result of an item that would run otherwise. */
function foreseen({ foreseen: results }: BuildContext, decision: Decision): Decision {
  const record = decision.kind === 'run' ? results?.get(decision.key) : undefined;
  if (record === undefined) return decision;
  const reason = { kind: 'out', text: 'its result is in the remote cache' } as const;
  return { kind: 'restore', key: record.key, record, reason };
}

/** Why a prediction is unknown, in a clause that names at most three items. */
export function waitingText(waitsFor: readonly string[]): string {
  const [first = '', ...others] = waitsFor;
  if (others.length === 0) return `not known before ${first} has run`;
  const named =
    others.length < 3
      ? waitsFor.join(', ')
      : `${first}, ${others[0]} and ${others.length - 1} more`;
  return `not known before ${named} have run`;
}

/** True when the outs are not known yet. */
function isOpen(prediction: Prediction | undefined): boolean {
  return prediction !== undefined && prediction.kind !== 'fresh' && prediction.kind !== 'restore';
}
