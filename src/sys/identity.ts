/** A process, named so that it is never mistaken for a later one with the same pid; and whether it still runs. */
import { hash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { bootId, exists, HAS_PROC, pidNamespace, statOf } from './proc.js';

export interface Identity {
  readonly host: string;
  readonly pid: number;
  /** When the process started, as the system counts it; empty where the system hides it. */
  readonly start: string;
  /** Which boot of the machine; empty where the system does not say. */
  readonly boot: string;
  /** The pid namespace, which differs between containers of one machine; empty where there is none. */
  readonly space: string;
}

/**
 * `elsewhere`: on another machine, in another container, in another boot, or hidden from us. Only
 * its heartbeat tells whether it runs (see process/silence.ts).
 */
export type Liveness = 'alive' | 'dead' | 'elsewhere';

let self: Identity | undefined;

/** This process. */
export function ownIdentity(): Identity {
  self ??= {
    host: hostname(),
    pid: process.pid,
    start: statOf(process.pid)?.start ?? '',
    boot: bootId(),
    space: pidNamespace(),
  };
  return self;
}

/**
 * `dead` only when it is seen: this kernel, this pid namespace, and no such process. Another boot of
 * a host of this name may be another machine of the same name, so that is not enough.
 */
export function livenessOf(identity: Identity): Liveness {
  const own = ownIdentity();
  const here =
    identity.host === own.host && identity.boot === own.boot && identity.space === own.space;
  // Without a boot id on Linux, /proc is not there, and nothing tells two kernels apart.
  if (!here || (own.boot === '' && process.platform === 'linux')) return 'elsewhere';
  const stat = statOf(identity.pid);
  if (stat === undefined) return HAS_PROC && exists(identity.pid) ? 'elsewhere' : 'dead';
  return !stat.zombie && stat.start === identity.start ? 'alive' : 'dead';
}

/**
 * True for a file that a process of this host wrote before the machine was started: that process is
 * gone, and nobody has to wait for a sign of it.
 *
 * @param now by the clock of the file system that the file is on; asked for only when it counts
 */
export function isFromBeforeBoot(
  file: string,
  { host, boot }: Identity,
  now: () => number,
): boolean {
  const own = ownIdentity();
  if (host !== own.host || boot === own.boot) return false;
  const stat = lstatSync(file, { throwIfNoEntry: false });
  return stat !== undefined && now() - stat.ctimeMs > (uptime() + MARGIN_S) * 1000;
}

/** The clock may have been set meanwhile. */
const MARGIN_S = 600;

/** The identity as a word, unique on a machine: for file names and for the mark that children carry. */
export function wordOf({ pid, start }: Identity): string {
  return `${pid}-${start.replace(/[^\w]/g, '_')}`;
}

/** A short word for names that people read. It differs between machines and containers as well. */
export function tagOf({ host, pid, start, boot, space }: Identity): string {
  return hash('sha256', JSON.stringify([host, pid, start, boot, space])).slice(0, 8);
}
