/** The completed epochs of an item, as curves. */
import type { EpochRecord } from '../cache/records/record.js';
import { drawnMetric } from '../decide/drawn-metric.js';
import { metricAt, stopEpoch } from '../decide/incremental.js';
import type { Project } from '../decide/project.js';
import { leavesOf } from '../json.js';
import { chainKey, type Manifest } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { rounded } from '../report/wording.js';
import type { PageEpochs } from './model.js';

/**
 * The epochs of the result that a run would make: they are there long before the result. If there are none, those
 * of the last result. Undefined for a stage without epochs.
 */
export function epochsOf(
  { cache }: Project,
  { epochs: plan }: Item,
  today: Manifest | undefined,
  last: Manifest | undefined,
): PageEpochs | undefined {
  if (plan === undefined) return undefined;
  const [own, earlier] = [today, last].map((manifest) =>
    manifest === undefined ? [] : cache.chains.readEpochs(chainKey(manifest, plan.param)),
  ) as [EpochRecord[], EpochRecord[]];
  const isStale = own.length === 0 && today !== undefined && earlier.length > 0;
  const records = own.length === 0 ? earlier : own;
  return {
    ...(isStale && { isStale }),
    target: plan.target,
    wanted: stopEpoch(plan, records) ?? plan.target,
    drawn: drawnMetric(records, plan),
    best: plan.best ?? plan.keep?.best,
    ...curvesOf(records),
  };
}

function curvesOf(records: readonly EpochRecord[]): Pick<PageEpochs, 'numbers' | 'values'> {
  const leaves = records.flatMap(({ metrics }) => leavesOf(metrics));
  const numbers = leaves.filter(([, value]) => typeof value === 'number');
  const names = new Set(numbers.map(([name]) => name));
  return {
    numbers: records.map(({ epoch }) => epoch),
    values: Object.fromEntries(
      [...names].map((name) => [
        name,
        records.map(({ metrics }) => sixDigits(metricAt(metrics, name)) ?? null),
      ]),
    ),
  };
}

/** Six digits are more than a screen can show, and half of the bytes. */
export function sixDigits<T extends number | undefined>(value: T): T {
  return (value === undefined ? value : rounded(value, 6)) as T;
}
