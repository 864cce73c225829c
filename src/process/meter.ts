/**
 * CPU time and peak memory of process trees. Node does not report the usage of a child, and a
 * wrapper that does would change how signals and exit codes arrive. A separate control group is
 * often not allowed. So one sampler reads /proc for all executions of this process. Outside
 * Linux, nothing is measured.
 */
import { unlessFailed } from '../sys/if-there.js';
import {
  childrenOf,
  HAS_PROC,
  memoryOf,
  type ProcessStat,
  reapedTicks,
  statOf,
} from '../sys/proc.js';
import type { Usage } from '../sys/usage.js';
import type { Group } from './orphans.js';

/** Clock ticks per second in /proc, the same on all architectures that Node supports. */
const TICKS = 100;

/** Milliseconds between two samples, if samples are cheap. */
const INTERVAL_MS = 50;

/** Sampling takes at most this fraction of one core. */
const SHARE = 0.02;

export class Meter {
  /** The running processes of the tree, with their start times. */
  readonly #seen = new Map<number, string>();
  /** Lower bounds of the usage. */
  ticks = 0;
  #peak = 0;

  constructor({ pid, start }: Group) {
    if (!HAS_PROC) return;
    this.#seen.set(pid, start);
    sampler.add(this);
  }

  /** Call in the turn of the event loop in which Node reports the end of the leader. */
  async ended(): Promise<Usage | undefined> {
    if (!HAS_PROC) return undefined;
    await sampler.remove(this);
    return {
      cpuSeconds: this.ticks / TICKS,
      ...(this.#peak > 0 && { peakMemory: this.#peak }),
    };
  }

  /** A parent in the tree has the times of the children that it waited for. */
  take(): void {
    const members = this.#members();
    const memory = members.map(({ pid }) => memoryOf(pid));
    const now = memory.reduce((sum, { resident }) => sum + resident, 0);
    this.#peak = Math.max(this.#peak, now, ...memory.map(({ peak }) => peak));
    const ticks = members.reduce((sum, member) => sum + member.ticks, 0);
    this.ticks = Math.max(this.ticks, ticks);
  }

  /** A process seen once stays a member, even if its parent ends and init adopts it. */
  #members(): readonly ProcessStat[] {
    const members: ProcessStat[] = [];
    const pids = new Set(this.#seen.keys());
    for (const pid of pids) {
      const stat = statOf(pid);
      const start = this.#seen.get(pid) ?? stat?.start;
      if (stat === undefined || stat.start !== start) {
        this.#seen.delete(pid);
        continue;
      }
      this.#seen.set(pid, start);
      members.push(stat);
      for (const child of childrenOf(pid)) pids.add(child);
    }
    return members;
  }
}

class Sampler {
  readonly #meters = new Set<Meter>();
  /** The trees whose leaders ended in this turn of the event loop. */
  #over: Meter[] = [];
  #settling: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** CPU time of this process's children at the last sample. */
  #reaped = 0;
  /** CPU time of the children that the fork server has waited for. */
  #elsewhere = 0;
  #cost = 0;

  add(meter: Meter): void {
    if (this.#meters.size + this.#over.length === 0) this.forget();
    this.#meters.add(meter);
    this.#wait();
  }

  remove(meter: Meter): Promise<void> {
    this.#meters.delete(meter);
    if (this.#meters.size === 0) clearTimeout(this.#timer);
    this.#over.push(meter);
    this.#settling ??= new Promise((resolve) => setImmediate(resolve)).then(() => this.#settle());
    return this.#settling;
  }

  /**
   * The system adds the times of a child to those of its parent when the parent reaps it. For a
   * single child that is exact. Several children that ended in one turn share the part that was not
   * sampled.
   */
  #settle(): void {
    const over = this.#over;
    this.#over = [];
    this.#settling = undefined;
    const reaped = reapedTicks() + this.#elsewhere;
    const used = reaped - this.#reaped;
    this.#reaped = reaped;
    const rest = Math.max(0, used - over.reduce((sum, { ticks }) => sum + ticks, 0));
    for (const meter of over) meter.ticks += Math.round(rest / over.length);
  }

  count(ticks: number): void {
    this.#elsewhere += ticks;
  }

  forget(): void {
    this.#reaped = reapedTicks() + this.#elsewhere;
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const pause = Math.max(INTERVAL_MS, this.#cost / SHARE);
    this.#timer = setTimeout(() => this.sample(), pause).unref();
  }

  sample(): void {
    const started = performance.now();
    // Other children that have ended since, such as `git`.
    if (this.#over.length === 0) this.forget();
    for (const meter of this.#meters) unlessFailed(() => meter.take());
    this.#cost = performance.now() - started;
    this.#wait();
  }
}

const sampler = new Sampler();

/** Takes a sample immediately. */
export function sampleNow(): void {
  sampler.sample();
}

/** Call in the turn of the event loop in which the fork server reports ends, with their CPU time. */
export function countReaped(ticks: number): void {
  sampler.count(ticks);
}

/** A child of this process has ended that is not an execution. */
export function forgetReaped(): void {
  sampler.forget();
}
