/** Deps that are not there and that nothing will make: known before anything runs, of an item that waits too. */
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
 * Of an item that waits for others: said before hours are spent on those. What one of them may still
 * make is not missing.
 *
 * @param isPending true of a need whose outs are not as they will be
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

/** A pattern is missing when it matches nothing, or when an out that it gathers is not there. */
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
  // A folder comes with what is made in it.
  return !dep.outs?.some(
    (out) => toCome.has(sourceOf(dep, out)) && out.startsWith(`${part.path}/`),
  );
}

/** What an item makes is a link where it is one; what the user gives counts by what is behind a link. */
function isThere(full: string, made: boolean): boolean {
  if (made) return lstatIfThere(full) !== undefined;
  try {
    return statSync(full, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true; // What is wrong with it is told by whoever reads it.
  }
}
