/**
 * Everything that can happen in a run, as one union. Reporters handle it, `--json` prints it, `npm
 * run docs` documents it.
 */
import type { Metrics } from './stage/context.js';

/** How an item ended. */
export type Verdict =
  /** Executed, and recorded. */
  | 'ran'
  /** A record exists for the key; its outs were restored from the cache. */
  | 'restored'
  /** A record exists for the key, and the outs on disk match it. */
  | 'fresh'
  /** Executed, or not executable; nothing is recorded. */
  | 'failed'
  /** Not started, because an upstream item failed. */
  | 'blocked'
  /** Not started or ended early, because the run stopped. */
  | 'cancelled'
  /** Only with `--detach`: a job of a batch system executes it after the run. */
  | 'submitted';

export const VERDICTS: readonly Verdict[] = [
  'ran',
  'restored',
  'fresh',
  'failed',
  'blocked',
  'cancelled',
  'submitted',
];

export type RunEvent =
  | RunStarted
  | ItemStarted
  | ItemWaiting
  | ItemProgress
  | EpochDone
  | Transfer
  | Warned
  | Failing
  | Differs
  | Collected
  | ItemDone
  | RunDone;

/** The first event of a run. */
export interface RunStarted {
  readonly type: 'run';
  /** The selected items, each after the items that it needs. */
  readonly items: readonly string[];
  /** True for `--dry` and `--frozen`: nothing runs, and `item` events say what would happen. */
  readonly dry: boolean;
}

/** Why an item is not fresh, as `pipe why` explains it. */
export interface Why {
  /** The first reason, which is the likeliest cause. */
  readonly reason: string;
  /** All reasons, the first one included; absent if there is only one. */
  readonly reasons?: readonly string[];
}

/** An item starts: its process, or the restore of its outs. */
export interface ItemStarted extends Why {
  readonly type: 'start';
  /** The name of the item. */
  readonly item: string;
  /** Whether the item runs, or its outs are restored from the cache. */
  readonly action: 'run' | 'restore';
  /** The file that receives its output; absent for a restore. */
  readonly log?: string;
  /** For an incremental stage: the epochs completed so far, and the epoch to reach. */
  readonly epochs?: { readonly completed: number; readonly target: number };
  /** The machine on which it runs; absent if it runs on this one. */
  readonly where?: string;
  /** The indices of the GPUs that the item holds. */
  readonly gpus?: readonly number[];
  /** Seconds that the last execution took; absent if the item never ran. */
  readonly expected?: number;
}

/** An item is ready, and waits for something that another run or item holds. */
export interface ItemWaiting {
  readonly type: 'waiting';
  /** The name of the item. */
  readonly item: string;
  /** Which process holds it, and since when. */
  readonly reason: string;
}

/** A stage reported progress. */
export interface ItemProgress {
  readonly type: 'progress';
  /** The name of the item. */
  readonly item: string;
  /** How many units are done. */
  readonly done: number;
  /** How many units there are. */
  readonly total: number;
  /** What is counted, such as `images`. */
  readonly unit?: string;
}

/** An epoch was stored and recorded. */
export interface EpochDone {
  readonly type: 'epoch';
  /** The name of the item. */
  readonly item: string;
  /** The number of the epoch, from 1. */
  readonly epoch: number;
  /** The epoch to reach. */
  readonly target: number;
  /** Wall time of the epoch. */
  readonly seconds: number;
  /** The metrics that the stage committed with the epoch. */
  readonly metrics?: Metrics;
}

/** Progress of transfers between this machine and the remote cache: one event a second. */
export interface Transfer {
  readonly type: 'transfer';
  /** `in`: results are fetched from the remote cache; `out`: they are sent to it. */
  readonly direction: 'in' | 'out';
  /** Bytes moved so far in this run. */
  readonly done: number;
  /** Bytes to move, as far as known. */
  readonly total: number;
  /** Bytes per second, over the last seconds. */
  readonly rate: number;
  /** Seconds left at this rate; absent if there is no progress. */
  readonly left?: number;
}

/** Something is unusual; the run continues. */
export interface Warned {
  readonly type: 'warning';
  /** The warning, and what to do about it. */
  readonly message: string;
  /** The item that it is about; absent if it is about the run. */
  readonly item?: string;
}

/** After all items were done, a file could not be written: pipeline.lock, or a note in the cache. */
export interface Failing {
  readonly type: 'error';
  /** Which file, and why. */
  readonly message: string;
}

/** `--frozen` found a difference from pipeline.lock, other than an item that would run. */
export interface Differs {
  readonly type: 'difference';
  /** What differs. */
  readonly message: string;
  /** The item that it is about; absent if it is about the whole lock. */
  readonly item?: string;
}

/** The cache was above its size limit, and garbage was collected. */
export interface Collected {
  readonly type: 'collected';
  /** How many results were removed. */
  readonly results: number;
  /** How many epoch states were removed. */
  readonly states: number;
  /** How many logs were removed; absent if none. */
  readonly logs?: number;
  /** How many folders of `cache/replaced/` were removed; absent if none. */
  readonly replaced?: number;
  /** Bytes that were freed. */
  readonly bytes: number;
  /** Bytes that are still in the cache. */
  readonly left: number;
  /** The part of `left` that the pipeline, pipeline.lock, running processes or recent runs need. */
  readonly needed: number;
  /** The size limit in bytes. */
  readonly limit: number;
}

/** How a selected item ended: one event for each. */
export interface ItemDone extends Partial<Why> {
  readonly type: 'item';
  /** The name of the item. */
  readonly item: string;
  /** How it ended; in a dry run, how it would end. */
  readonly verdict: Verdict;
  /** Why it ran or would run; for `blocked` and `cancelled`, what prevented it; for `submitted`, its job. */
  readonly reason?: string;
  /** The hash of everything that the result depends on. */
  readonly key?: string;
  /** Only if the verdict is `restored`, and the result came from the remote cache. */
  readonly from?: 'remote';
  /** Wall time of the execution or restore. */
  readonly seconds?: number;
  /** CPU time of all processes of the execution; only on Linux. */
  readonly cpuSeconds?: number;
  /** The most bytes of memory that its processes used at once, as sampled; absent for a very short execution. */
  readonly peakMemory?: number;
  /** For an incremental stage. */
  readonly epochs?: EpochsDone;
  /** In a dry run: the item stays fresh if the items that it needs produce the same outs as last time. */
  readonly maybe?: true;
  /** In a dry run: expected seconds, from recorded executions. */
  readonly expected?: number;
  /** Only if the verdict is `failed`. */
  readonly failure?: Failure;
}

/** The epochs of an incremental stage. */
export interface EpochsDone {
  /** Epochs computed in this run; in a dry run, epochs to compute. */
  readonly computed: number;
  /** The epoch that the outs come from. */
  readonly reached: number;
  /** The target, if the outs come from another epoch, which is the best one. */
  readonly target?: number;
}

/** Why an item failed. */
export interface Failure {
  /** What went wrong: `exit code 1`, `killed by SIGSEGV`, `timed out after 2h`. */
  readonly message: string;
  /** The command that was executed. */
  readonly command: string;
  /** Its exit code; absent if a signal ended it. */
  readonly exitCode?: number;
  /** The signal that ended it. */
  readonly signal?: string;
  /** The file that contains its full output. */
  readonly log?: string;
  /** The last lines of its output, with secrets masked. */
  readonly tail: readonly string[];
}

/** The last event. In a dry run the verdicts say what would happen: `ran` is `wouldRun + mayRun`. */
export interface RunDone extends Partial<Forecast> {
  readonly type: 'summary';
  /** Items that ran. */
  readonly ran: number;
  /** Items whose outs were restored from the cache. */
  readonly restored: number;
  /** Items that were up to date. */
  readonly fresh: number;
  /** Items that failed. */
  readonly failed: number;
  /** Items that did not run because an item that they need failed. */
  readonly blocked: number;
  /** Items that did not run, or did not finish, because the run was stopped. */
  readonly cancelled: number;
  /** Only with `--detach`: items that jobs execute after the run. */
  readonly submitted?: number;
  /** Wall time of the run. */
  readonly seconds: number;
  /** In a long run: the items that took the most time, the longest first. */
  readonly slowest?: readonly { readonly item: string; readonly seconds: number }[];
}

/** The counts of a dry run. */
export interface Forecast {
  /** Items that would run. */
  readonly wouldRun: number;
  /** Items that depend on those: each stays fresh if its inputs turn out unchanged. */
  readonly mayRun: number;
  /** Items whose outs would be restored. */
  readonly wouldRestore: number;
}

export type Emit = (event: RunEvent) => void;
