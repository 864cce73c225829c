/** Finds deps that are missing and that no item makes, before anything runs; also of waiting items. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { lstatIfThere } from '../cache/files/look.js';
import type { Sliced } from '../cache/files/pace.js';
import type { Dep } from '../pipeline/plan.js';
import { matchesIn } from './glob.js';
import type { MissingDep } from './missing.js';
import { type Part, sourceOf } from './parts.js';
import { cacheOf, itemAt, selectedNeeds, type Work } from './work.js';

/**
 * Covers items that wait for others too, so that the error comes before hours of work. A dep that
 * such an item may still make is not missing.
 *
 * @param isPending true of a need whose outs may still change
 */
export function* absentDeps(
  work: Work,
  index: number,
  isPending: (need: number) => boolean,
): Sliced<MissingDep[]> {
  const item = itemAt(work, index);
  const toCome = new Set(
    selectedNeeds(work, index)
      .filter(isPending)
      .flatMap((need) => itemAt(work, need).outs.map((out) => out.path)),
  );
  const absent: MissingDep[] = [];
  for (const dep of item.deps)
    if (yield* isUnmatched(work, dep, toCome)) absent.push({ item: item.id, dep });
  return absent;
}

/** A pattern is missing when it matches nothing, or when a gathered out is absent. */
function* isUnmatched(work: Work, dep: Dep, toCome: ReadonlySet<string>): Sliced<boolean> {
  if (dep.within?.some((out) => toCome.has(sourceOf(dep, out)))) return false;
  const matched = yield* matchesIn(dep, { root: work.project.root, cache: cacheOf(work) });
  if (matched.length === 0) return !dep.optional;
  return (dep.glob || !dep.optional) && matched.some((each) => isAbsent(work, dep, each, toCome));
}

function isAbsent(work: Work, dep: Dep, part: Part, toCome: ReadonlySet<string>): boolean {
  const where = part.made ? sourceOf(dep, part.path) : part.path;
  for (let at = where; at !== '.'; at = path.posix.dirname(at)) if (toCome.has(at)) return false;
  if (isThere(path.join(work.project.root, where), part.made)) return false;
  // An upstream item creates the folder with its contents.
  return !dep.outs?.some(
    (out) => toCome.has(sourceOf(dep, out)) && out.startsWith(`${part.path}/`),
  );
}

/** A link that an item makes counts as a link; a user's link counts as its target. */
function isThere(full: string, made: boolean): boolean {
  if (made) return lstatIfThere(full) !== undefined;
  try {
    return statSync(full, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true; // The code that reads it reports the error.
  }
}
