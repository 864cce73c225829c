/** Records the files that a pattern dep matched along with the result, so that `why` can compare them. */
import type { LastRun, Matches } from '../cache/cache.js';
import { type Cooperative, finishSync } from '../cache/files/yielding.js';
import type { Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { type DecisionContext, digestOfMatches, digestsOf } from './fingerprint.js';

/** These notes are read often, so they must stay small: above this number of files, none is named. */
const MOST = 2000;

/** The current matches, if the result was made from them. */
export function* evidenceOf(
  item: Item,
  context: DecisionContext,
): Cooperative<Pick<LastRun, 'matches'>> {
  const found: Record<string, Matches> = {};
  for (const dep of item.deps) {
    const entries = dep.glob ? yield* digestsOf(dep, context) : undefined;
    if (entries !== undefined && entries.length <= MOST)
      found[dep.name] = Object.fromEntries(entries);
  }
  return Object.keys(found).length === 0 ? {} : { matches: found };
}

/** What a dep matched then and now; undefined if either list does not belong to its digest. */
export function matchesThenAndNow(
  item: Item,
  name: string,
  before: LastRun,
  now: Manifest['deps'],
  context: DecisionContext,
): readonly [Matches, Matches] | undefined {
  const dep = item.deps.find((each) => each.name === name);
  const then = before.matches?.[name];
  if (dep === undefined || then === undefined || !dep.glob) return undefined;
  // Code unit order, as in the digest.
  const noted = Object.entries(then).sort(([a], [b]) => (a < b ? -1 : 1));
  if (digestOfMatches(noted) !== before.manifest.deps[name]) return undefined;
  const entries = finishSync(digestsOf(dep, context));
  if (entries === undefined || digestOfMatches(entries) !== now[name]) return undefined;
  return [then, Object.fromEntries(entries)];
}
