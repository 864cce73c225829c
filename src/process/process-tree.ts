/**
 * Process tree of one execution: its process group; on Linux also processes that left the group,
 * found by the session that the leader opened, and those that left the session too (with setsid, as
 * daemons do), found by a mark in the environment that every child inherits.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { lstatIfThere } from '../sys/if-there.js';
import { allPids, HAS_PROC, lastPid, statOf } from '../sys/proc.js';
import type { Group } from './orphans.js';
import { hasMark, ownPart, send } from './process-marks.js';
import { isLeader } from './spawn.js';

/** Above this number of new processes, scan all of /proc instead of each one. */
const FEW = 256;

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
    const candidates = this.#candidates();
    // Nothing started since the leader, which has ended. `kill` would have to make an error.
    if (candidates.length === 0) return [];
    // Those that execute another program may be members: a later look can tell.
    const strays = this.#straysAmong(candidates, true);
    if (!send(-this.#leader, 0)) return strays;
    // The group exists, but may contain only zombies that no parent has reaped.
    const group = allPids().filter((pid) => this.#inGroup(pid));
    return [...new Set([...group, ...strays])];
  }

  signal(name: NodeJS.Signals): void {
    // Its end may not be known here yet, and its number may be another's.
    const { start = this.#start } = statOf(this.#leader) ?? {};
    if (start === this.#start) send(-this.#leader, name);
    for (const pid of this.#straysAmong(this.#candidates(), false)) send(pid, name);
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

  #inGroup(pid: number): boolean {
    const stat = statOf(pid);
    return stat !== undefined && stat.group === this.#leader && !stat.zombie;
  }

  /** Processes outside the group. */
  #straysAmong(candidates: readonly number[], ifUnknown: boolean): number[] {
    return candidates.filter((pid) => {
      // Most have ended, and Node takes long to make an error.
      if (lstatIfThere(`/proc/${pid}`) === undefined) return false;
      const stat = statOf(pid);
      if (stat === undefined || stat.zombie || stat.group === this.#leader) return false;
      if (stat.session === this.#leader) return true;
      // A process of another execution: reading its environment takes longer than all the rest.
      if (isLeader(stat.session)) return false;
      return hasMark(pid, (part) => part === this.#mark) ?? ifUnknown;
    });
  }

  /**
   * All that may be members: not the leaders of other executions, nor the own one once it has ended.
   * Pids count upwards, so processes that the leader started soon after its own start have the next
   * numbers.
   */
  #candidates(): number[] {
    const last = lastPid();
    const count = (last ?? 0) - this.#leader;
    const soon = performance.now() - this.#started < SOON_MS;
    const areNext = soon && count >= 0 && count <= FEW;
    const pids = areNext
      ? Array.from({ length: count + 1 }, (_, at) => this.#leader + at)
      : allPids();
    return pids.filter((pid) => isLeader(pid) === (pid === this.#leader));
  }
}
