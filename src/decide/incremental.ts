/** Arithmetic of a chain of epochs: where to resume, when to stop, which checkpoints to keep. Pure. */
import type { EpochRecord } from '../cache/records/record.js';
import { keysAt } from '../json.js';
import type { EpochPlan, Keep, Objective } from '../pipeline/plan.js';
import type { Metrics } from '../stage/context.js';

export interface Resume {
  /** The epoch of the requested outs: the target, or an earlier one after early stopping. */
  readonly target: number;
  /** The newest epoch ≤ target with a stored checkpoint; 0 to start from scratch. */
  readonly completed: number;
}

/**
 * Where a process starts and ends. This follows from the chain's records alone, so runs with the
 * same records agree.
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
 * Early stopping: the epoch of the requested outs, undefined while unknown. With patience p it is the
 * best epoch, once p further epochs did not beat it or the last allowed epoch is recorded. Epochs
 * count from 1 without a gap; in a tie the earlier one wins.
 */
export function stopEpoch(plan: EpochPlan, records: readonly EpochRecord[]): number | undefined {
  return stopping(plan, records)?.wanted;
}

interface Stopping {
  /** The epoch of the requested outs. */
  readonly wanted: number;
  /** The epoch that decided it: commits of a fast stage beyond it are ignored. */
  readonly last: number;
}

/** See `stopEpoch`; undefined while unknown. */
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

/** The number at a dot path such as `val.ssim` or `mAP@0.5`; undefined when there is none. */
export function metricAt(metrics: Metrics | undefined, path: string): number | undefined {
  let at: Metrics | number | null | undefined = metrics;
  for (const key of keysAt(metrics, path) ?? [])
    at = typeof at === 'object' && at !== null ? at[key] : undefined;
  return typeof at === 'number' && !Number.isNaN(at) ? at : undefined;
}

/**
 * The epochs whose checkpoints `keep` drops: never the newest, where the chain resumes, nor one of
 * `needed` (the target, whose checkpoint writes the outs).
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

/** The epoch with the best value; of equal ones, the first. */
export function bestOf(records: readonly EpochRecord[], objective: Objective): number | undefined {
  let best: { epoch: number; value: number } | undefined;
  for (const { epoch, metrics } of [...records].sort((a, b) => a.epoch - b.epoch)) {
    const value = metricAt(metrics, objective.metric);
    if (value === undefined) continue;
    if (best === undefined || beats(value, best.value, objective)) best = { epoch, value };
  }
  return best?.epoch;
}

/** Seconds for an epoch: the median of the last five, as recent epochs predict best; 0: unknown. */
export function secondsPerEpoch(records: readonly EpochRecord[]): number | undefined {
  const last = records
    .filter((record) => record.seconds > 0)
    .sort((a, b) => a.epoch - b.epoch)
    .slice(-5)
    .map((record) => record.seconds)
    .sort((a, b) => a - b);
  return last[Math.floor(last.length / 2)];
}
