/** Process identity, which a reused pid does not match; and whether the process still runs. */
import { hash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { bootId, exists, HAS_PROC, pidNamespace, statOf } from './proc.js';

export interface Identity {
  readonly host: string;
  readonly pid: number;
  /** Start time of the process, in the system's unit; empty if the system hides it. */
  readonly start: string;
  /** Boot id of the machine; empty if the system has none. */
  readonly boot: string;
  /** The pid namespace, which differs between containers of one machine; empty if there is none. */
  readonly space: string;
}

/**
 * `elsewhere`: on another machine, in another container, in another boot, or hidden from this
 * process. Only its heartbeat shows whether it runs (see process/silence.ts).
 */
type Liveness = 'alive' | 'dead' | 'elsewhere';

let self: Identity | undefined;

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
 * `dead` only with proof: the same kernel, the same pid namespace, and no such process. A different
 * boot id is not proof, because two machines may have the same host name.
 */
export function livenessOf(identity: Identity): Liveness {
  const own = ownIdentity();
  const here =
    identity.host === own.host && identity.boot === own.boot && identity.space === own.space;
  // Without a boot id on Linux, /proc is missing, and two kernels cannot be distinguished.
  if (!here || (own.boot === '' && process.platform === 'linux')) return 'elsewhere';
  const stat = statOf(identity.pid);
  if (stat === undefined) return HAS_PROC && exists(identity.pid) ? 'elsewhere' : 'dead';
  return !stat.zombie && stat.start === identity.start ? 'alive' : 'dead';
}

/**
 * True if a process of this host wrote the file before the machine booted: that process is dead.
 *
 * @param now by the clock of the file's file system; called only when needed
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

/** Unique on a machine: for file names and for the mark that child processes inherit. */
export function wordOf({ pid, start }: Identity): string {
  return `${pid}-${start.replace(/[^\w]/g, '_')}`;
}

/** A short tag for readable names. It also differs between machines and containers. */
export function tagOf({ host, pid, start, boot, space }: Identity): string {
  return hash('sha256', JSON.stringify([host, pid, start, boot, space])).slice(0, 8);
}
