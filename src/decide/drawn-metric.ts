/** Chooses the metric that `pipe epochs` plots by default: the best measure of progress. Pure. */
import type { EpochRecord } from '../cache/records/record.js';
import { leavesOf } from '../json.js';
import type { EpochPlan } from '../pipeline/plan.js';
import { metricAt } from './incremental.js';

/** Preferred names, best first; other names come after them. */
const PREFERRED = [/^val(?:id|idation)?[._]/i, /(?:^|[._])loss$/i] as const;

/** Properties of an epoch that are not results: its number, learning rate or duration. */
const NO_RESULT =
  /(?:^|[._])(?:epochs?|steps?|iterations?|lr|learning_?rate|seconds|time|duration)$/i;

/** The metric by which the stage selects epochs, else of validation, a loss, or any; undefined if none. */
export function drawnMetric(
  records: readonly EpochRecord[],
  { best, keep }: EpochPlan,
): string | undefined {
  const chosen = [best?.metric, keep?.best?.metric].find(
    (name) => name !== undefined && isThere(records, name),
  );
  if (chosen !== undefined) return chosen;
  const newest = records.findLast((record) => record.metrics !== undefined)?.metrics;
  const names = leavesOf(newest).flatMap(([name]) => (name === '' ? [] : name));
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
