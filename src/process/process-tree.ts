/**
 * Process tree of one execution: its process group; on Linux also processes that left the group,
 * found by the session that the leader opened, and those that left the session too (with setsid, as
 * daemons do), found by a mark in the environment that every child inherits.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Identity, ownIdentity, wordOf } from '../sys/identity.js';
import { lstatIfThere, unless } from '../sys/if-there.js';
import { allPids, environmentOf, HAS_PROC, lastPid, statOf } from '../sys/proc.js';
import { fileNameOf } from './file-names.js';
import { isLeader } from './spawn.js';

/** Variable with the mark: `<runner>.<n>` or `<runner>.<n>.<purpose>`; marks of nested runs are joined by `/`. */
export const MARK = 'PIPE_EXECUTION';

/** Above this number of new processes, scan all of /proc instead of each one. */
const FEW = 256;

/** Pids cannot have wrapped around in such a short time. */
const SOON_MS = 500;

let executions = 0;

/** A mark for a new execution of this process, nested in this process's own execution, if any. */
export function newMark(environment: NodeJS.ProcessEnv, doing?: string): string {
  const label = doing === undefined ? '' : `.${fileNameOf(doing)}`;
  const own = `${wordOf(ownIdentity())}.${++executions}${label}`;
  const outer = environment[MARK];
  return outer ? `${outer}/${own}` : own;
}

/** Pids of all processes that any execution of the runner has started. */
export function childrenOf(runner: Identity): number[] {
  const prefix = `${wordOf(runner)}.`;
  return allPids().filter(
    (pid) => hasMark(pid, (part) => part.startsWith(prefix)) && statOf(pid)?.zombie === false,
  );
}

export class ProcessTree {
  readonly #leader: number;
  readonly #mark: string;
  readonly #started = performance.now();

  /** The leader was started detached, so its pid is also the group id. */
  constructor(leader: number, mark: string) {
    this.#leader = leader;
    this.#mark = mark.split('/').at(-1) ?? mark;
  }

  /** Running processes, including the leader. Cheap if there are none. */
  members(): number[] {
    if (!HAS_PROC) return send(-this.#leader, 0) ? [this.#leader] : [];
    const candidates = this.#candidates();
    // Nothing started since the leader, which has ended. `kill` would have to make an error.
    if (candidates.length === 0) return [];
    const strays = this.#straysAmong(candidates);
    if (!send(-this.#leader, 0)) return strays;
    // The group exists, but may contain only zombies that no parent has reaped.
    const group = allPids().filter((pid) => this.#inGroup(pid));
    return [...new Set([...group, ...strays])];
  }

  signal(name: NodeJS.Signals): void {
    send(-this.#leader, name);
    for (const pid of this.#straysAmong(this.#candidates())) send(pid, name);
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
  #straysAmong(candidates: readonly number[]): number[] {
    return candidates.filter((pid) => {
      // Most have ended, and Node takes long to make an error.
      if (lstatIfThere(`/proc/${pid}`) === undefined) return false;
      const stat = statOf(pid);
      if (stat === undefined || stat.zombie || stat.group === this.#leader) return false;
      if (stat.session === this.#leader) return true;
      // A process of another execution: reading its environment takes longer than all the rest.
      if (isLeader(stat.session)) return false;
      return hasMark(pid, (part) => part === this.#mark);
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

function hasMark(pid: number, wanted: (part: string) => boolean): boolean {
  return environmentOf(pid, MARK)?.split('/').some(wanted) === true;
}

/** False if the process or group does not exist, or now belongs to another user. */
export function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  return unless(['ESRCH', 'EPERM'], () => process.kill(pid, signal)) ?? false;
}
