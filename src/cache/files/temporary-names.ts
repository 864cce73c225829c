/** Owner of a temporary file: its name contains a process identity that a reused pid does not match. */
import { lstatSync, utimesSync } from 'node:fs';
import { type Identity, isFromBeforeBoot, livenessOf, ownIdentity } from '../../sys/identity.js';
import { unlessFailed } from '../../sys/if-there.js';
import { lastName } from '../../sys/is-within.js';

let own: string | undefined;

/** This process for file names: host, boot, pid namespace, pid and start time. */
function ownerWord(): string {
  const { host, boot, space, pid, start } = ownIdentity();
  own ??= [named(host), boot, space, pid, start].join('~');
  return own;
}

function named(host: string): string {
  return host.replace(/[^\w.-]/g, '_');
}

let names = 0;

/** A unique name that starts with this process's word. */
export function ownedName(): string {
  return `${ownerWord()}.${++names}`;
}

/** The owner in a name made by `ownedName`, with or without an extension. */
function ownerOf(name: string): Identity | undefined {
  const [host = '', boot = '', space = '', pid, start = '', ...more] = name
    .replace(/\.\d+(\.json)?$/, '')
    .split('~');
  if (pid === undefined || !/^\d+$/.test(pid) || more.length > 0) return undefined;
  // Names contain the host without characters that file names cannot contain.
  const us = ownIdentity();
  return { host: host === named(us.host) ? us.host : host, boot, space, pid: Number(pid), start };
}

/** An owner on another machine renews its files more often than this. */
const SILENT_MS = 3_600_000;

/** How often an owner renews a file, by `keepYoung`. */
const RENEW_MS = 60_000;

/**
 * True if the owner of a file or folder is dead: visibly dead, or invisible and silent for an hour.
 * A leftover only costs space, but a wrong takeover costs a result, so the wait is long.
 *
 * @param file absolute path, named by `ownedName`
 * @param now by the clock of the file's file system; called only when needed
 */
export function isOwnerGone(file: string, now: () => number): boolean {
  const owner = ownerOf(lastName(file));
  if (owner === undefined) return false;
  const liveness = livenessOf(owner);
  if (liveness !== 'elsewhere') return liveness === 'dead';
  if (isFromBeforeBoot(file, owner, now)) return true;
  const stat = lstatSync(file, { throwIfNoEntry: false });
  return stat !== undefined && now() - stat.ctimeMs > SILENT_MS;
}

/**
 * Renews this process's file until the returned function is called, so that processes that cannot
 * see this process know that it is alive. Changes only the ctime, by the file system's clock.
 */
export function keepYoung(file: string): () => void {
  const timer = setInterval(() => renewChange(file), RENEW_MS).unref();
  return () => clearInterval(timer);
}

/**
 * Sets a new ctime and keeps the other times. A system error, such as that of a file server that
 * restarts, does not end the run: there are 60 attempts before the file counts as silent.
 */
function renewChange(file: string): void {
  unlessFailed(() => {
    const { atime, mtime } = lstatSync(file);
    utimesSync(file, atime, mtime);
  });
}
