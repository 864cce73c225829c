/**
 * Options and results of a run. The package exports these types, so nothing here depends on Node's
 * types: a project type-checks without `@types/node`.
 */
import type { ItemDone, RunDone } from '../event.js';

export interface Variant {
  /** Applied to params in this order. */
  readonly profiles: readonly string[];
  /** `a.b=<YAML>` each. */
  readonly set: readonly string[];
  /** Absolute path of the pipeline file; absent: pipeline.yaml of the project. */
  readonly file?: string;
}

/** `results`: fresh or restorable, and as in pipeline.lock. `keys`: compares keys only, without results. */
type Frozen = false | 'results' | 'keys';

export interface RunOptions {
  /** Stages, items or patterns; none: all. */
  readonly targets: readonly string[];
  /** Runs only the targets, on existing inputs. */
  readonly only: boolean;
  readonly force: boolean;
  /** Reports what would run, without running it. */
  readonly dry: boolean;
  /** Changes nothing; reports everything that would run or differs from pipeline.lock. */
  readonly frozen: Frozen;
  /** After a failure, continues with all items that do not depend on it. */
  readonly keepGoing: boolean;
  /** Cores to use; default: all. */
  readonly concurrency?: number;
  /** The executor for items whose stage names none; default: `PIPE_EXECUTOR`, or `local`. */
  readonly executor?: string;
  /** Submits the jobs of all items with their dependencies, and does not wait for them. */
  readonly detach?: boolean;
  /** Continues a forced execution: keeps the epochs that its earlier jobs have computed. */
  readonly again?: boolean;
  /** How to use the remote cache; default: the mode that the environment sets, else `rw`. */
  readonly remote?: 'rw' | 'r' | 'off';
  /** Runs no item: takes only what is in the caches. */
  readonly pull?: {
    /** Called when a failure of the remote cache ends its use in this run. */
    readonly onRemoteOff?: () => void;
  };
  readonly interruption: Interruption;
}

/** A run of everything, without options. */
export const NO_OPTIONS = {
  targets: [],
  only: false,
  force: false,
  dry: false,
  frozen: false,
  keepGoing: false,
} as const;

/** Stops a run from outside; completed work stays recorded. */
export interface Interruption {
  /** Stages get SIGTERM, and SIGKILL after a grace time. */
  readonly stop: AbortSignal;
  /** Stages get SIGKILL. */
  readonly kill: AbortSignal;
  /** In watch mode: a file whose edit has changed the definition of an item, which then must not start. */
  readonly changing?: (item: string) => string | undefined;
}

export interface RunResult {
  readonly summary: RunDone;
  /** For every selected item, in plan order. */
  readonly items: readonly ItemDone[];
  /** Number of differences from pipeline.lock that `--frozen` found, not counting items that would run. */
  readonly differences: number;
  /** Errors of writes after the items are done. */
  readonly errors: readonly string[];
}
