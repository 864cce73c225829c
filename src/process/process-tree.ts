/**
 * Process tree of one execution: its process group; on Linux also processes that left the group,
 * found by the session that the leader opened, and those that left the session too (with setsid, as
 * daemons do), found by a mark in the environment that every child inherits.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { lstatIfThere } from '../sys/if-there.js';
import { findProcesses, HAS_PROC, statOf } from '../sys/proc.js';
import type { Group } from './orphans.js';
import { hasMark, ownPart, send } from './process-marks.js';
import { isLeader } from './spawn.js';

/** Pids cannot have wrapped around in such a short time. */
const SOON_MS = 500;

export class ProcessTree {
  readonly #leader: number;
  readonly #start: string;
  readonly #mark: string;
  readonly #started = performance.now();

  /** The leader was started detached, so its pid is also the group id. */
  constructor({ pid, start }: Group, mark: string) {
    this.#leader = pid;
    this.#start = start;
    this.#mark = ownPart(mark);
  }

  /** Running processes, including the leader. Cheap if there are none. */
  members(): number[] {
    if (!HAS_PROC) return send(-this.#leader, 0) ? [this.#leader] : [];
    // Those that execute another program may be members: a later look can tell.
    return this.#find((place) => place !== undefined);
  }

  signal(name: NodeJS.Signals): void {
    // Its end may not be known here yet, and its number may be another's.
    const { start = this.#start, parent = 0 } = statOf(this.#leader) ?? {};
    if (start === this.#start) {
      send(-this.#leader, name);
      // A fork server that somebody has stopped could not report the end.
      if (parent > 1 && parent !== process.pid) send(parent, 'SIGCONT');
    }
    for (const pid of this.#find((place) => place === 'outside')) send(pid, name);
  }

  /** Resolves with true when none is left, or with false when the time is over. */
  async gone(withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    for (let pause = 1; this.members().length > 0; pause = Math.min(2 * pause, 50)) {
      if (performance.now() > deadline) return false;
      await delay(pause);
    }
    return true;
  }

  /**
   * Processes that the leader started soon after its own start have the next numbers. All others that may be
   * members: not the leaders of other executions, nor the own one once it has ended.
   */
  #find(wanted: (place: Place | undefined) => boolean): number[] {
    const soon = performance.now() - this.#started < SOON_MS;
    const first = isLeader(this.#leader) ? this.#leader : this.#leader + 1;
    return findProcesses(
      (pid) => isLeader(pid) === (pid === this.#leader) && wanted(this.#placeOf(pid)),
      soon ? first : undefined,
    );
  }

  /** Undefined if it is not a member. */
  #placeOf(pid: number): Place | undefined {
    // Most have ended, and Node takes long to make an error.
    if (lstatIfThere(`/proc/${pid}`) === undefined) return undefined;
    const stat = statOf(pid);
    if (stat === undefined || stat.zombie) return undefined;
    if (stat.group === this.#leader) return 'group';
    if (stat.session === this.#leader) return 'outside';
    // A process of another execution: reading its environment takes longer than all the rest.
    if (isLeader(stat.session)) return undefined;
    const isMarked = hasMark(pid, (part) => part === this.#mark);
    if (isMarked === undefined) return 'unknown';
    return isMarked ? 'outside' : undefined;
  }
}

/** Where a member is: in the group or outside of it; `unknown` if it may not be a member. */
type Place = 'group' | 'outside' | 'unknown';
