/**
 * Temporary outs: removed once all items that read them are done. The record still has the digest
 * of a removed out, so its readers can be decided. The out is made again only if a reader has to
 * run.
 */
import type { Item, Plan } from '../pipeline/plan.js';
import { isWithin } from '../sys/is-within.js';
import { Overlay } from './overlay.js';
import type { Project } from './project.js';
import type { Decision } from './staleness.js';

export class TempOuts {
  /** The items that must make their temporary outs again, each with the item that needs them. */
  readonly #wanted = new Map<number, string>();
  readonly #overlay: Overlay;

  constructor(overlay: Overlay) {
    this.#overlay = overlay;
  }

  /** From now on, outs that are gone count as present. False if they did before. */
  lay(decision: Decision): boolean {
    return layGone(this.#overlay, decision);
  }

  /** Makes the item run again, because a reader needs its outs. */
  want(index: number, item: Item, reader: string): void {
    this.#overlay.lift(item);
    this.#wanted.set(index, reader);
  }

  isWanted(index: number): boolean {
    return this.#wanted.has(index);
  }

  /** An item whose temporary outs are gone and needed has to run, even if its record is valid. */
  ifWanted(index: number, decision: Decision): Decision {
    const by = this.#wanted.get(index);
    return by === undefined ? decision : madeAgain(decision, by);
  }
}

/**
 * The build, with temporary outs if the plan has any: then all reads go through a view that
 * contains them.
 */
export function withTempOuts<B extends { readonly project: Project }>(
  build: B,
): B & { readonly temps?: TempOuts } {
  if (!build.project.plan.items.some(hasTemps)) return build;
  const overlay = new Overlay(build.project);
  const project = { ...build.project, ...overlay.view };
  return { ...build, project, temps: new TempOuts(overlay) };
}

/** Adds the temporary outs of a decided item that are gone to the overlay. */
export function layGone(overlay: Overlay, decision: Decision): boolean {
  const isKnown = decision.kind === 'fresh' || decision.kind === 'restore';
  if (!isKnown || decision.gone === undefined) return false;
  return overlay.lay({ outs: decision.gone }, decision.record);
}

export function hasTemps({ outs }: Item): boolean {
  return outs.some(({ temp }) => temp);
}

/** Indices of all items that read a temporary out of this one. */
export function readersOf({ items }: Plan, index: number): number[] {
  const maker = items[index] as Item;
  return [...items.keys()].filter((reader) => {
    const item = items[reader] as Item;
    return item.needs.includes(index) && readsTemps(item, maker);
  });
}

/** True if in doubt: a pattern or a link may lead there. */
function readsTemps({ deps }: Item, maker: Item): boolean {
  return maker.outs.some(
    ({ path, temp }) =>
      temp &&
      deps.some(
        (dep) => dep.glob || dep.links || isWithin(dep.path, path) || isWithin(path, dep.path),
      ),
  );
}

/** The decision of an item whose temporary outs a reader needs. */
export function madeAgain(decision: Decision, by: string): Decision {
  if (decision.kind !== 'fresh' && decision.kind !== 'restore') return decision;
  const [out] = decision.gone ?? [];
  if (out === undefined) return decision;
  const { key, record } = decision;
  return { kind: 'run', key, manifest: record.manifest, cause: { needed: out.path, by } };
}

/** Items that the reader needs and whose temporary outs are gone. */
export function absentMakers(
  { plan, cache }: Pick<Project, 'plan' | 'cache'>,
  index: number,
): number[] {
  const reader = plan.items[index] as Item;
  return reader.needs.filter((need) => {
    const maker = plan.items[need] as Item;
    const isAbsent = maker.outs.some(({ path, temp }) => temp && !cache.exists(path));
    return isAbsent && readsTemps(reader, maker);
  });
}
