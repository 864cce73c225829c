/** Locks that an execution holds, and how it learns of their loss. */
import type { Group } from '../process/orphans.js';

/** Whether this execution is still the current one for its item. */
export interface Fence {
  /** Check right before recording anything. */
  isHeld(): boolean;
  /** Aborted when another execution has replaced this one. */
  readonly lost: AbortSignal;
}

export interface Hold extends Fence {
  /** Notes a process group. If this process dies, the next run ends the group before it continues. */
  noteGroup(group: Group): void;
}

/** For a folder that no other process knows. */
export const ALONE: Hold = {
  isHeld: () => true,
  lost: new AbortController().signal,
  noteGroup() {},
};

export const LOST =
  'another run considered this one dead and took over, so this one records nothing; was this machine asleep, or cut off from its file server?';
