/** What the scheduler of a run knows of items that run on other machines. */
import type { Ended } from './run-item.js';

export interface Elsewhere {
  /** True when the item does not run here. */
  takes(index: number): boolean;
  /** Brings the item to its end, as `runItem` does for items of this machine. */
  run(index: number): Promise<Ended>;
  /** All items have ended. */
  close(): void;
}
