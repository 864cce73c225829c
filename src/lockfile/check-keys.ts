/**
 * Checks pipeline.lock against the pipeline. Computes every key from today's definition and code
 * and from the locked outs. So no result has to exist, only the user's files.
 */
import { type Cooperative, finish, finishSync } from '../cache/files/yielding.js';
import { type Digest, kindOf } from '../cache/objects/digest.js';
import { type BuildContext, handleOf, type ItemHandle, itemAt } from '../decide/build-context.js';
import { contentOf, type DecisionContext, inputsOf } from '../decide/fingerprint.js';
import { Overlay } from '../decide/overlay.js';
import { sourceOf } from '../decide/parts.js';
import { keyOf } from '../manifest.js';
import type { Dep } from '../pipeline/plan.js';
import type { LockBlock } from './format/block.js';
import type { LockSection } from './format/sections.js';
import { notLocked, otherDefinition } from './lock-reasons.js';

export interface LockStanding {
  readonly block?: LockBlock;
  /** Today's key, if known. */
  readonly key?: string;
  /** How the lock differs from this pipeline; undefined if it matches. */
  readonly difference?: string;
}

/** The check of every selected item, by index. */
export function lockStandings(
  build: BuildContext,
  section: LockSection,
): Promise<Map<number, LockStanding>> {
  return finish(standingsIn(build, section), build.options.interruption.stop);
}

function* standingsIn(
  build: BuildContext,
  section: LockSection,
): Cooperative<Map<number, LockStanding>> {
  const overlay = new Overlay(build.project);
  for (const item of build.project.plan.items) {
    const outs = Object.entries(section.get(item.id)?.outs ?? {});
    overlay.lay(item, { outs: outs.map(([name, out]) => ({ name, ...out })) });
  }
  const standings = new Map<number, LockStanding>();
  for (const index of build.selected) {
    const standing = yield* standingOf(handleOf(build, index), section, overlay);
    standings.set(index, standing);
    const { key = 'unknown', difference = 'as locked' } = standing;
    build.project.debug?.(`${itemAt(build, index).id}: ${difference}, key ${key}, pipeline.lock`);
  }
  return standings;
}

/** Items of the section that the pipeline does not have. */
export function strangers(build: BuildContext, section: LockSection): string[] {
  const known = new Set(build.project.plan.items.map(({ id }) => id));
  return [...section.keys()].filter((id) => !known.has(id));
}

function* standingOf(
  handle: ItemHandle,
  section: LockSection,
  overlay: Overlay,
): Cooperative<LockStanding> {
  const { build, item, code } = handle;
  const block = section.get(item.id);
  if (block === undefined) return { difference: notLocked(build.project) };
  const view = { ...build.project, ...overlay.view };
  const context: DecisionContext = {
    ...view,
    given: (dep) => {
      const locked = block.deps[dep.name];
      return leadsOut(dep, locked) || !isInSight(dep, view) ? locked : undefined;
    },
  };
  const inputs = yield* inputsOf(item, code, context);
  if (inputs.kind === 'missing') {
    const paths = inputs.deps.map((dep) => dep.path).join(', ');
    return { block, difference: `dep ${paths} does not exist and is ${notLocked(build.project)}` };
  }
  const { manifest } = inputs;
  const key = keyOf(manifest);
  if (key === block.key) return { block, key };
  return { block, key, difference: otherDefinition(handle, block, manifest) };
}

/** True for a dep read through links that items made: their targets need not exist here. */
function leadsOut(dep: Dep, locked: Digest | null | undefined): boolean {
  return dep.made && locked != null && kindOf(locked) === 'link';
}

/** False if its content is unknown here: the user's data is missing, or an out's listing is not stored. */
function isInSight(dep: Dep, context: DecisionContext): boolean {
  // For an optional user file, absence is a state like any other.
  if (dep.optional && !dep.made) return true;
  const within = dep.within ?? [];
  return (
    within.every((path) => context.cache.exists(sourceOf(dep, path))) &&
    finishSync(contentOf(dep, context)) !== undefined
  );
}
