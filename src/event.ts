/** Everything that can happen in a run, as one union: loggers are functions of it, `--json` prints it. */
import type { Metrics } from './stage/context.js';

/** What became of an item. */
export type Verdict = 'ran' | 'restored' | 'fresh' | 'failed' | 'blocked' | 'cancelled';

export const VERDICTS: readonly Verdict[] = [
  'ran',
  'restored',
  'fresh',
  'failed',
  'blocked',
  'cancelled',
];

export type RunEvent =
  | RunStarted
  | ItemStarted
  | ItemWaiting
  | ItemProgress
  | EpochDone
  | Warned
  | Failing
  | Differs
  | Collected
  | ItemDone
  | RunDone;

/** The first event: what the run is about. */
export interface RunStarted {
  readonly type: 'run';
  /** The selected items in plan order. */
  readonly items: readonly string[];
  /** True for `--dry` and `--frozen`: nothing is executed, `item` events say what would happen. */
  readonly dry: boolean;
}

/** Why an item is not fresh, as `pipe why` gives it. */
export interface Why {
  /** The smallest true reason, the likeliest cause. */
  readonly reason: string;
  /** All of them, that one first; absent when it is the only one. */
  readonly reasons?: readonly string[];
}

/** A process is started (or the outs are put back). */
export interface ItemStarted extends Why {
  readonly type: 'start';
  readonly item: string;
  readonly action: 'run' | 'restore';
  /** Where its full output goes, relative to the project; absent for a restore. */
  readonly log?: string;
  /** Of an incremental stage: epochs completed before, and the epoch to reach. */
  readonly epochs?: { readonly completed: number; readonly target: number };
  /** Indices of the GPUs it holds. */
  readonly gpus?: readonly number[];
  /** Seconds it took the last time; absent when it never ran. */
  readonly expected?: number;
}

/** An item could run but something is held by another. */
export interface ItemWaiting {
  readonly type: 'waiting';
  readonly item: string;
  /** A sentence: who holds what, since when. */
  readonly reason: string;
}

export interface ItemProgress {
  readonly type: 'progress';
  readonly item: string;
  readonly done: number;
  readonly total: number;
  readonly unit?: string;
}

/** An epoch is stored and recorded. */
export interface EpochDone {
  readonly type: 'epoch';
  readonly item: string;
  readonly epoch: number;
  readonly target: number;
  readonly seconds: number;
  readonly metrics?: Metrics;
}

export interface Warned {
  readonly type: 'warning';
  readonly message: string;
  readonly item?: string;
}

/** The items are done, and what is written after them could not be: pipeline.lock, notes in the cache. */
export interface Failing {
  readonly type: 'error';
  readonly message: string;
}

/** `--frozen` found something that is not as pipeline.lock says. */
export interface Differs {
  readonly type: 'difference';
  readonly message: string;
  readonly item?: string;
}

/** The cache was above its limit: what nothing needs was removed. */
export interface Collected {
  readonly type: 'collected';
  /** How many were removed. */
  readonly results: number;
  readonly states: number;
  /** Logs of executions; absent when none was. */
  readonly logs?: number;
  /** Folders of replaced/; absent when none was. */
  readonly replaced?: number;
  /** That became free. */
  readonly bytes: number;
  /** Bytes that are left. */
  readonly left: number;
  /** Of these, needed by the pipeline, pipeline.lock, other runs or the last runs. */
  readonly needed: number;
  readonly limit: number;
}

/** The one line that each selected item ends with. */
export interface ItemDone extends Partial<Why> {
  readonly type: 'item';
  readonly item: string;
  readonly verdict: Verdict;
  /** Why it ran, or would run; for blocked and cancelled what stood in the way. */
  readonly reason?: string;
  readonly key?: string;
  /** Wall time of the execution or restore. */
  readonly seconds?: number;
  /** Of an incremental stage: epochs computed now (of a dry run: to compute), and the epoch that was reached. */
  readonly epochs?: { readonly computed: number; readonly reached: number };
  /** Of a dry run: it stays fresh if the items before it produce the same outs as last time. */
  readonly maybe?: true;
  /** Of a dry run: seconds it is expected to take, from what was recorded. */
  readonly expected?: number;
  readonly failure?: Failure;
}

/** The whole story of a failed item. */
export interface Failure {
  /** What went wrong in a sentence: `exit code 1`, `killed by SIGSEGV`, `timed out after 2h`. */
  readonly message: string;
  readonly command: string;
  readonly exitCode?: number;
  readonly signal?: string;
  /** Relative to the project. */
  readonly log?: string;
  /** The last lines of its output, secrets masked. */
  readonly tail: readonly string[];
}

/** The last event. In a dry run the verdicts say what would happen: `ran` is `wouldRun + mayRun`. */
export interface RunDone extends Partial<Forecast> {
  readonly type: 'summary';
  readonly ran: number;
  readonly restored: number;
  readonly fresh: number;
  readonly failed: number;
  readonly blocked: number;
  readonly cancelled: number;
  readonly seconds: number;
  /** Of a run that took long: where the time went, the longest first. */
  readonly slowest?: readonly { readonly item: string; readonly seconds: number }[];
}

/** What a dry run counts. */
export interface Forecast {
  readonly wouldRun: number;
  /** Items behind those: they stay fresh if the outs before them come out unchanged. */
  readonly mayRun: number;
  readonly wouldRestore: number;
}

export type Emit = (event: RunEvent) => void;
