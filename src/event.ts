/** Events of a run, as one union: loggers are functions of it, `--json` prints it. */
import type { Metrics } from './stage/context.js';

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

/** The first event of a run. */
export interface RunStarted {
  readonly type: 'run';
  /** The selected items in plan order. */
  readonly items: readonly string[];
  /** True for `--dry` and `--frozen`: nothing is executed, `item` events say what would happen. */
  readonly dry: boolean;
}

/** Why an item is not fresh, as `pipe why` gives it. */
export interface Why {
  /** The most specific true reason, which is the likeliest cause. */
  readonly reason: string;
  /** All reasons, that one first; absent when it is the only one. */
  readonly reasons?: readonly string[];
}

/** A process starts, or a restore begins. */
export interface ItemStarted extends Why {
  readonly type: 'start';
  readonly item: string;
  readonly action: 'run' | 'restore';
  /** Log of its full output, relative to the project; absent for a restore. */
  readonly log?: string;
  /** Of an incremental stage: epochs completed before, and the epoch to reach. */
  readonly epochs?: { readonly completed: number; readonly target: number };
  /** Indices of the GPUs it holds. */
  readonly gpus?: readonly number[];
  /** Seconds it took the last time; absent when it never ran. */
  readonly expected?: number;
}

/** An item is ready but waits for something that another process holds. */
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

/** The items are done, but pipeline.lock or notes in the cache could not be written. */
export interface Failing {
  readonly type: 'error';
  readonly message: string;
}

/** `--frozen` found a difference from pipeline.lock. */
export interface Differs {
  readonly type: 'difference';
  readonly message: string;
  readonly item?: string;
}

/** The cache exceeded its limit: gc removed what nothing needs. */
export interface Collected {
  readonly type: 'collected';
  /** Number of results removed. */
  readonly results: number;
  readonly states: number;
  /** Number of logs removed; absent when none was. */
  readonly logs?: number;
  /** Number of folders of replaced/ removed; absent when none was. */
  readonly replaced?: number;
  /** Bytes freed. */
  readonly bytes: number;
  /** Bytes that are left. */
  readonly left: number;
  /** Of these, needed by the pipeline, pipeline.lock, other runs or the last runs. */
  readonly needed: number;
  readonly limit: number;
}

/** The last event of each selected item. */
export interface ItemDone extends Partial<Why> {
  readonly type: 'item';
  readonly item: string;
  readonly verdict: Verdict;
  /** Why it ran, or would run; for blocked and cancelled, what prevented it. */
  readonly reason?: string;
  readonly key?: string;
  /** Wall time of the execution or restore. */
  readonly seconds?: number;
  /** Of an incremental stage: epochs computed now (in a dry run: to compute), and the epoch reached. */
  readonly epochs?: { readonly computed: number; readonly reached: number };
  /** Of a dry run: it stays fresh if upstream items produce the same outs as last time. */
  readonly maybe?: true;
  /** Of a dry run: seconds expected, by the records. */
  readonly expected?: number;
  readonly failure?: Failure;
}

/** A failed item in full. */
export interface Failure {
  /** The error in a sentence: `exit code 1`, `killed by SIGSEGV`, `timed out after 2h`. */
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
  /** Of a long run: its slowest items, slowest first. */
  readonly slowest?: readonly { readonly item: string; readonly seconds: number }[];
}

/** Counts of a dry run. */
export interface Forecast {
  readonly wouldRun: number;
  /** Items downstream of those: they stay fresh if their upstream outs do not change. */
  readonly mayRun: number;
  readonly wouldRestore: number;
}

export type Emit = (event: RunEvent) => void;
