/**
 * What is asked of a run and what comes of it. The public door `pipe` shows these types, so nothing
 * in here rests on Node's: a project type-checks without `@types/node`.
 */
import type { ItemDone, RunDone } from '../event.js';

export interface Variant {
  /** Laid over params in this order. */
  readonly profiles: readonly string[];
  /** `a.b=<YAML>` each. */
  readonly set: readonly string[];
}

/** `results`: fresh or restorable, and as pipeline.lock says. `keys`: the results need not be here. */
export type Frozen = false | 'results' | 'keys';

export interface RunOptions {
  /** Stages, items or patterns; none: all. */
  readonly targets: readonly string[];
  /** The targets alone, on the inputs as they are. */
  readonly only: boolean;
  readonly force: boolean;
  /** Tell what would be done, and do nothing. */
  readonly dry: boolean;
  /** Change nothing, and find fault with all that would run or differ from pipeline.lock. */
  readonly frozen: Frozen;
  /** After a failure run all that does not depend on it. */
  readonly keepGoing: boolean;
  /** Cores to use; the machine's by default. */
  readonly concurrency?: number;
  readonly interruption: Interruption;
}

/** How a run is ended from outside; what was completed stays recorded. */
export interface Interruption {
  /** Stages get SIGTERM, and SIGKILL after a grace time. */
  readonly stop: AbortSignal;
  /** Stages get SIGKILL. */
  readonly kill: AbortSignal;
}

export interface RunResult {
  readonly summary: RunDone;
  /** Of every selected item, in plan order. */
  readonly items: readonly ItemDone[];
  /** What `--frozen` found that is not as pipeline.lock says, besides what would run. */
  readonly differences: number;
  /** What could not be written after the items were done. */
  readonly errors: readonly string[];
}
