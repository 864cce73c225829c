/** What `status`, `why` and `graph` share: the outlook of the selected items, without running anything. */
import { explain } from '../decide/explain.js';
import { inspection } from '../decide/inspection.js';
import { outlooks, waitingText } from '../decide/outlook.js';
import type { Project } from '../decide/project.js';
import type { Reason } from '../decide/reasons.js';
import { itemAt } from '../decide/work.js';

/** `stale`: it would run. `restorable`: its result is in the cache, its outs are not in place. */
export type State = 'fresh' | 'restorable' | 'stale' | 'missing' | 'unknown';

export interface Standing {
  readonly item: string;
  readonly state: State;
  /** All that differs, the likeliest cause first; empty for a fresh item. */
  readonly reasons: readonly Reason[];
  /** Today's key, when it is known. */
  readonly key?: string;
}

/** The standing of the targets and of what they need; of the targets alone with `only`. */
export async function standings(
  project: Project,
  targets: readonly string[],
  only = false,
): Promise<Standing[]> {
  const work = await inspection(project, targets);
  const found = outlooks(work);
  const shown = only
    ? new Set(
        await import('../pipeline/select.js').then(({ select }) => select(project.plan, targets)),
      )
    : undefined;
  const standing: Standing[] = [];
  for (const [index, outlook] of found) {
    if (shown !== undefined && !shown.has(index)) continue;
    const item = itemAt(work, index);
    if (outlook.kind === 'unknown') {
      const text = waitingText(outlook.waitsFor);
      standing.push({ item: item.id, state: 'unknown', reasons: [{ kind: 'upstream', text }] });
      continue;
    }
    const reasons = explain(project, item, work.codes.of(index), outlook);
    const key = outlook.kind === 'missing' ? {} : { key: outlook.key };
    standing.push({ item: item.id, state: STATES[outlook.kind], reasons, ...key });
  }
  return standing;
}

/** How the targets and what they need stand, by index in the plan. */
export async function statesOf(
  project: Project,
  targets: readonly string[],
): Promise<ReadonlyMap<number, State>> {
  const states = new Map<number, State>();
  for (const [index, { kind }] of outlooks(await inspection(project, targets))) {
    states.set(index, kind === 'unknown' ? kind : STATES[kind]);
  }
  return states;
}

const STATES = { fresh: 'fresh', restore: 'restorable', run: 'stale', missing: 'missing' } as const;
