/** Which metric `pipe epochs` draws when none is named: what tells how the training goes. Pure. */
import type { EpochRecord } from '../cache/records/record.js';
import { metricAt } from '../decide/incremental.js';
import type { EpochPlan } from '../pipeline/plan.js';
import type { Metrics } from '../stage/context.js';

/** What names a metric of interest, the best first; any other name comes after them. */
const PREFERRED = [/^val(?:id|idation)?[._]/i, /(?:^|[._])loss$/i] as const;

/** Said of an epoch, no result of it: its number, the rate it was trained at, the time it took. */
const NO_RESULT =
  /(?:^|[._])(?:epochs?|steps?|iterations?|lr|learning_?rate|seconds|time|duration)$/i;

/** The metric that the stage itself chooses by, then one of validation, a loss, any; undefined without metrics. */
export function drawnMetric(
  records: readonly EpochRecord[],
  { best, keep }: EpochPlan,
): string | undefined {
  const chosen = [best?.metric, keep?.best?.metric].find(
    (name) => name !== undefined && isThere(records, name),
  );
  if (chosen !== undefined) return chosen;
  const newest = records.findLast((record) => record.metrics !== undefined)?.metrics;
  const names = newest === undefined ? [] : pathsOf(newest);
  const results = names.filter((name) => !NO_RESULT.test(name));
  for (const pattern of PREFERRED) {
    const found = results.find((name) => pattern.test(name));
    if (found !== undefined) return found;
  }
  return results[0] ?? names[0];
}

function isThere(records: readonly EpochRecord[], name: string): boolean {
  return records.some(({ metrics }) => metricAt(metrics, name) !== undefined);
}

function pathsOf(metrics: Metrics, prefix = ''): string[] {
  return Object.entries(metrics).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null
      ? pathsOf(value, `${prefix}${key}.`)
      : [prefix + key],
  );
}
