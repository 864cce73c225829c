/**
 * Checks pipeline.lock against the pipeline. Computes every key from today's definition and code and
 * from the locked outs: so no result has to exist, only the user's files.
 */
import { finish, finishSync, type Sliced } from '../cache/files/pace.js';
import { type Digest, kindOf } from '../cache/objects/digest.js';
import { contentOf, inputsOf, type Surroundings } from '../decide/inputs.js';
import { Overlay } from '../decide/outlook.js';
import { sourceOf } from '../decide/parts.js';
import { itemAt, type Work } from '../decide/work.js';
import type { LockBlock } from '../lock/block.js';
import type { LockSection } from '../lock/file.js';
import { keyOf } from '../manifest.js';
import type { Dep } from '../pipeline/plan.js';
import { inShort, reasonsAgainst } from './reasons.js';

export interface LockStanding {
  /** The item's block, when the lock has one. */
  readonly block?: LockBlock;
  /** Today's key, when it is known. */
  readonly key?: string;
  /** How the lock differs from this pipeline; undefined when it matches. */
  readonly difference?: string;
}

/** Of every selected item, by index. */
export function lockStandings(
  work: Work,
  section: LockSection,
): Promise<Map<number, LockStanding>> {
  return finish(standingsIn(work, section), work.options.interruption.stop);
}

function* standingsIn(work: Work, section: LockSection): Sliced<Map<number, LockStanding>> {
  const overlay = new Overlay(work);
  for (const item of work.project.plan.items) {
    const outs = Object.entries(section.get(item.id)?.outs ?? {});
    overlay.lay(item, { outs: outs.map(([name, out]) => ({ name, ...out })) });
  }
  const standings = new Map<number, LockStanding>();
  for (const index of work.selected) {
    const standing = yield* standingOf(work, index, section, overlay);
    standings.set(index, standing);
    const { key = 'unknown', difference = 'as locked' } = standing;
    work.project.debug?.(`${itemAt(work, index).id}: ${difference}, key ${key}, pipeline.lock`);
  }
  return standings;
}

/** Items of the section that the pipeline does not have. */
export function strangers(work: Work, section: LockSection): string[] {
  const known = new Set(work.project.plan.items.map(({ id }) => id));
  return [...section.keys()].filter((id) => !known.has(id));
}

function* standingOf(
  work: Work,
  index: number,
  section: LockSection,
  overlay: Overlay,
): Sliced<LockStanding> {
  const item = itemAt(work, index);
  const block = section.get(item.id);
  if (block === undefined) return { difference: NOT_LOCKED };
  const eyes = { ...work.project, ...overlay.eyes };
  const around: Surroundings = {
    ...eyes,
    given: (dep) => {
      const locked = block.deps[dep.name];
      return leadsOut(dep, locked) || !isInSight(dep, eyes) ? locked : undefined;
    },
  };
  const code = work.codes.of(index);
  const inputs = yield* inputsOf(item, code, around);
  if (inputs.kind === 'missing') {
    const paths = inputs.deps.map((dep) => dep.path).join(', ');
    return { block, difference: `dep ${paths} does not exist and is not in pipeline.lock` };
  }
  const { manifest } = inputs;
  const key = keyOf(manifest);
  if (key === block.key) return { block, key };
  const reasons = reasonsAgainst(work.project, item, code, block, manifest);
  return { block, key, difference: `pipeline.lock has another definition: ${inShort(reasons)}` };
}

export const NOT_LOCKED = 'not in pipeline.lock';

/** True of a dep read through links that items made: their targets need not exist here. */
function leadsOut(dep: Dep, locked: Digest | null | undefined): boolean {
  return dep.made && locked != null && kindOf(locked) === 'link';
}

/** False when its content is unknown here: the user's data is missing, or an out's listing is not stored. */
function isInSight(dep: Dep, around: Surroundings): boolean {
  // For a user file, absence is a state like any other.
  if (dep.optional && !dep.made) return true;
  const within = dep.within ?? [];
  return (
    within.every((path) => around.cache.exists(sourceOf(dep, path))) &&
    finishSync(contentOf(dep, around)) !== undefined
  );
}
