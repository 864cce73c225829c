/** The scheduler's interface to items that run on other machines. */
import type { Ended } from './run-item.js';

export interface Wanted {
  /** If it is known. */
  readonly key: string | undefined;
  /** The jobs that must end well before. */
  readonly after: readonly Submitted[];
}

/** A job that waits or runs. */
export interface Submitted {
  readonly executor: string;
  readonly id: string;
  /** `Slurm job 4711`. */
  readonly text: string;
}

export interface Elsewhere {
  /** True when the item does not run here. */
  takes(index: number): boolean;
  /** Brings the item to its end, as `runItem` does for items of this machine. */
  run(index: number): Promise<Ended>;
  /** Leaves the item to a job, and says which; undefined when there is no place for one more. */
  submit(index: number, wanted: Wanted): Promise<Ended | Submitted | undefined>;
  /** @throws UserError when jobs cannot wait for each other */
  refuseUnordered(): void;
  /** All items have ended. */
  close(): void;
}
