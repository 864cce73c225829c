/** The scheduler's interface to items that run on other machines. */
import type { Ended } from './run-item.js';

export interface Wanted {
  /** The result, if known. */
  readonly key: string | undefined;
  /** The jobs that must succeed first. */
  readonly after: readonly Submitted[];
}

/** The job of an item that waits or runs. */
export interface Submitted {
  readonly id: string;
  /** `Slurm job 4711`. */
  readonly text: string;
}

export interface Elsewhere {
  /** True if the item does not run on this machine. */
  takes(index: number): boolean;
  /** Executes the item to its end, as `runItem` does for items on this machine. */
  run(index: number): Promise<Ended>;
  /** Submits a job for the item and returns it; undefined if the site's limit of jobs is reached. */
  submit(index: number, wanted: Wanted): Promise<Ended | Submitted | undefined>;
  /** @throws UserError when jobs cannot wait for each other */
  refuseUnordered(): void;
  /** All items have ended. Resolves when the scheduler knows which jobs are cancelled. */
  close(): Promise<void>;
}
