/** Who holds something: a process named so that it is never taken for a later one with the same pid. */
import { hostname } from 'node:os';
import { bootId, pidNamespace, statOf } from './proc.js';

export interface Identity {
  readonly host: string;
  readonly pid: number;
  /** When the process started, as the system counts it. */
  readonly start: string;
  /** Which boot of the machine; empty where the system does not tell. */
  readonly boot: string;
  /** The pid namespace, which differs between containers of one machine; empty where there is none. */
  readonly space: string;
}

/**
 * `elsewhere`: on another machine or in another container, where we cannot look. It counts as
 * alive, since to be wrong about that would let two processes write the same thing.
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

export function livenessOf(identity: Identity): Liveness {
  const own = ownIdentity();
  if (identity.host !== own.host) return 'elsewhere';
  if (identity.boot !== own.boot) return 'dead';
  if (identity.space !== own.space) return 'elsewhere';
  const stat = statOf(identity.pid);
  return stat !== undefined && !stat.zombie && stat.start === identity.start ? 'alive' : 'dead';
}

/** The identity as a word, unique on a machine: for file names and for the mark that children carry. */
export function wordOf({ pid, start }: Identity): string {
  return `${pid}-${start.replace(/[^\w]/g, '_')}`;
}
