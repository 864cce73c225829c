/**
 * All processes of one execution: its process group, and on Linux those that left the group, found by
 * their session, which the leader opened, and those that left that too (with setsid, as daemons do),
 * found by the mark which every child inherits in its environment.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Identity, ownIdentity, wordOf } from '../sys/identity.js';
import { allPids, environmentOf, HAS_PROC, lastPid, statOf } from '../sys/proc.js';
import { fileNameOf } from './names.js';

/**
 * Names the variable that carries the mark: `<runner>.<n>`, or `<runner>.<n>.<what for>`, behind a `/`
 * when a run starts another.
 */
export const MARK = 'PIPE_EXECUTION';

/** Above so many new processes the whole of /proc is looked through instead of each one of them. */
const FEW = 256;

/** Within so short a time the pids cannot have gone all round. */
const SOON_MS = 500;

let executions = 0;

/** A mark for a new execution of this process, within the execution that this process belongs to, if any. */
export function newMark(environment: NodeJS.ProcessEnv, doing?: string): string {
  const label = doing === undefined ? '' : `.${fileNameOf(doing)}`;
  const own = `${wordOf(ownIdentity())}.${++executions}${label}`;
  const outer = environment[MARK];
  return outer ? `${outer}/${own}` : own;
}

/** Pids of all processes that were started by the runner, by any of its executions. */
export function childrenOf(runner: Identity): number[] {
  const prefix = `${wordOf(runner)}.`;
  return allPids().filter(
    (pid) => hasMark(pid, (part) => part.startsWith(prefix)) && statOf(pid)?.zombie === false,
  );
}

export class Family {
  readonly #leader: number;
  readonly #mark: string;
  readonly #started = performance.now();

  /** The leader's pid is the group's number too: it was started detached. */
  constructor(leader: number, mark: string) {
    this.#leader = leader;
    this.#mark = mark.split('/').at(-1) ?? mark;
  }

  /** Those that live, the leader among them. Cheap when there are none. */
  members(): number[] {
    const strays = this.#strays();
    if (!send(-this.#leader, 0)) return strays;
    if (!HAS_PROC) return [this.#leader, ...strays];
    // The group exists, but it may be zombies alone that nobody has asked for.
    const group = allPids().filter((pid) => this.#inGroup(pid));
    return [...new Set([...group, ...strays])];
  }

  signal(name: NodeJS.Signals): void {
    send(-this.#leader, name);
    for (const pid of this.#strays()) send(pid, name);
  }

  /** Resolves when none is left: true, or false when the time is over. */
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

  /** Those outside the group. */
  #strays(): number[] {
    return this.#candidates().filter((pid) => {
      const stat = statOf(pid);
      if (stat === undefined || stat.zombie || stat.group === this.#leader) return false;
      return stat.session === this.#leader || hasMark(pid, (part) => part === this.#mark);
    });
  }

  /** Pids count up, so what the leader started soon after its own start has the numbers behind it. */
  #candidates(): number[] {
    const last = lastPid();
    if (last === undefined) return [];
    const count = last - this.#leader;
    const soon = performance.now() - this.#started < SOON_MS;
    if (!soon || count < 0 || count > FEW) return allPids();
    return Array.from({ length: count }, (_, at) => this.#leader + 1 + at);
  }
}

function hasMark(pid: number, wanted: (part: string) => boolean): boolean {
  return environmentOf(pid, MARK)?.split('/').some(wanted) === true;
}

/** False when there is no such process or group (or, for one that became another user's, no right to). */
export function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH' || code === 'EPERM') return false;
    throw error;
  }
}
