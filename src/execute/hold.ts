/** What an execution holds while it works, and how it learns that it holds it no longer. */
import type { Group } from '../process/orphans.js';

export interface Hold {
  /** The fence: to be asked right before anything is recorded. */
  isHeld(): boolean;
  /** Aborted when another run has taken this one for dead. */
  readonly lost: AbortSignal;
  /** Should this process die, the group is ended before the next run goes on. */
  noteGroup(group: Group): void;
}

/** Of a folder that no other process knows. */
export const ALONE: Hold = {
  isHeld: () => true,
  lost: new AbortController().signal,
  noteGroup() {},
};

/** Said of an execution whose hold was lost. */
export const LOST =
  'another run took this one for dead and took over, so nothing of it is recorded; was this machine asleep, or cut off from its file server?';
