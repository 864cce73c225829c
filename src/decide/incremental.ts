/** The arithmetic of a chain of epochs: where to resume, when to stop, which states to keep. Pure. */
import type { EpochRecord } from '../cache/records/record.js';
import type { EpochPlan, Keep, Objective } from '../pipeline/plan.js';
import type { Metrics } from '../stage/context.js';

export interface Resume {
  /** The epoch whose outs are wanted: the target, or an earlier one when patience ran out. */
  readonly target: number;
  /** The newest epoch ≤ target whose state is there; 0 to start afresh. */
  readonly completed: number;
}

/**
 * Where a process starts and where it ends, from what is recorded of the chain. A pure function of
 * the chain, so two runs that see the same records do the same.
 */
export function resume(
  plan: EpochPlan,
  records: readonly EpochRecord[],
  hasState: (record: EpochRecord) => boolean,
): Resume {
  const target = stopEpoch(plan, records) ?? plan.target;
  const usable = records
    .filter((record) => record.epoch <= target)
    .sort((a, b) => b.epoch - a.epoch);
  return { target, completed: usable.find(hasState)?.epoch ?? 0 };
}

/**
 * Early stopping: the epoch whose outs are wanted once it is known, else undefined. With patience
 * p it is the best epoch so far, as soon as p further epochs did not beat it (or the last epoch
 * that may be reached is recorded). Epochs count from 1 without a gap; a tie keeps the earlier.
 */
export function stopEpoch(plan: EpochPlan, records: readonly EpochRecord[]): number | undefined {
  return stopping(plan, records)?.wanted;
}

export interface Stopping {
  /** The epoch whose outs are wanted. */
  readonly wanted: number;
  /** The one that decided it: what a quick stage has committed beyond it counts for nothing. */
  readonly last: number;
}

/** See `stopEpoch`; undefined while it is not known. */
export function stopping(plan: EpochPlan, records: readonly EpochRecord[]): Stopping | undefined {
  const { best, patience } = plan;
  if (best === undefined) return undefined;
  let bestEpoch = 0;
  let bestValue = Number.NaN;
  const byEpoch = new Map(records.map((record) => [record.epoch, record]));
  for (let epoch = 1; epoch <= plan.target; epoch++) {
    const record = byEpoch.get(epoch);
    if (record === undefined) return undefined;
    const value = metricAt(record.metrics, best.metric);
    if (value !== undefined && (Number.isNaN(bestValue) || beats(value, bestValue, best))) {
      bestEpoch = epoch;
      bestValue = value;
    }
    if (patience !== undefined && bestEpoch > 0 && epoch - bestEpoch >= patience)
      return { wanted: bestEpoch, last: epoch };
  }
  return { wanted: bestEpoch > 0 ? bestEpoch : plan.target, last: plan.target };
}

function beats(value: number, than: number, { mode }: Objective): boolean {
  return mode === 'max' ? value > than : value < than;
}

/** The number at a dot path such as `val.ssim`; undefined when there is none. */
export function metricAt(metrics: Metrics | undefined, path: string): number | undefined {
  let at: Metrics | number | null | undefined = metrics;
  for (const part of path.split('.')) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Object.hasOwn(at, part) ? at[part] : undefined;
  }
  return typeof at === 'number' && !Number.isNaN(at) ? at : undefined;
}

/**
 * The epochs whose states `keep` gives up. The newest is never among them (it is where the chain
 * goes on), nor is one of `needed` (the target, whose state writes the outs).
 */
export function statesToDrop(
  keep: Keep | undefined,
  records: readonly EpochRecord[],
  needed: readonly number[],
): number[] {
  if (keep === undefined) return [];
  const epochs = records.map((record) => record.epoch).sort((a, b) => a - b);
  const stays = new Set<number>(needed);
  for (const epoch of epochs.slice(-Math.max(1, keep.last ?? 1))) stays.add(epoch);
  if (keep.every !== undefined) {
    for (const epoch of epochs) if (epoch % keep.every === 0) stays.add(epoch);
  }
  if (keep.best !== undefined) {
    const best = bestOf(records, keep.best);
    if (best !== undefined) stays.add(best);
  }
  return epochs.filter((epoch) => !stays.has(epoch));
}

function bestOf(records: readonly EpochRecord[], objective: Objective): number | undefined {
  let best: { epoch: number; value: number } | undefined;
  for (const { epoch, metrics } of [...records].sort((a, b) => a.epoch - b.epoch)) {
    const value = metricAt(metrics, objective.metric);
    if (value === undefined) continue;
    if (best === undefined || beats(value, best.value, objective)) best = { epoch, value };
  }
  return best?.epoch;
}

/** Seconds that an epoch takes: the median of the last five, as a later one is the best guide; 0 is not known. */
export function secondsPerEpoch(records: readonly EpochRecord[]): number | undefined {
  const last = records
    .filter((record) => record.seconds > 0)
    .sort((a, b) => a.epoch - b.epoch)
    .slice(-5)
    .map((record) => record.seconds)
    .sort((a, b) => a - b);
  return last[Math.floor(last.length / 2)];
}

/** The dot path of the first number, or what should be one, in the newest metrics there are. */
export function firstMetric(records: readonly EpochRecord[]): string | undefined {
  const newest = records.findLast((record) => record.metrics !== undefined)?.metrics;
  const walk = (metrics: Metrics, prefix: string): string | undefined => {
    for (const [key, value] of Object.entries(metrics)) {
      const path = prefix === '' ? key : `${prefix}.${key}`;
      const found = value === null || typeof value === 'number' ? path : walk(value, path);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return newest && walk(newest, '');
}
