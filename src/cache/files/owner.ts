/** Whose a temporary file is: a process, named so that it is never taken for a later one with the same pid. */
import { lstatSync, utimesSync } from 'node:fs';
import { type Identity, isFromBeforeBoot, livenessOf, ownIdentity } from '../../sys/identity.js';
import { isAbsent } from './errors.js';

let own: string | undefined;

/** This process as a word for file names: host, boot, pid namespace, pid and start time. */
export function ownerWord(): string {
  own ??= wordOf(ownIdentity());
  return own;
}

function wordOf({ host, boot, space, pid, start }: Identity): string {
  return [named(host), boot, space, pid, start].join('~');
}

function named(host: string): string {
  return host.replace(/[^\w.-]/g, '_');
}

let names = 0;

/** A name that starts with this process's word and that nobody has used. */
export function ownedName(): string {
  return `${ownerWord()}.${++names}`;
}

/** The owner in a name that `ownedName` made, with or without an ending. */
function ownerOf(name: string): Identity | undefined {
  const [host = '', boot = '', space = '', pid, start = '', ...more] = name
    .replace(/\.\d+(\.json)?$/, '')
    .split('~');
  if (pid === undefined || !/^\d+$/.test(pid) || more.length > 0) return undefined;
  // Names hold the host without what file names cannot hold.
  const us = ownIdentity();
  return { host: host === named(us.host) ? us.host : host, boot, space, pid: Number(pid), start };
}

/** An owner that cannot be seen keeps its files young: it renews them more often than this. */
const SILENT_MS = 3_600_000;

/** How often an owner renews a file, by `keepYoung`. */
const RENEW_MS = 60_000;

/**
 * True when the owner of a file or folder is gone: seen dead, or out of sight and silent for an hour.
 * A leftover costs space and a theft costs a result, so the hour is long.
 *
 * @param file absolute path, named by `ownedName`
 * @param now by the clock of the file system that the file lies on; asked for only when it counts
 */
export function isOwnerGone(file: string, now: () => number): boolean {
  const owner = ownerOf(file.slice(file.lastIndexOf('/') + 1));
  if (owner === undefined) return false;
  const liveness = livenessOf(owner);
  if (liveness !== 'elsewhere') return liveness === 'dead';
  if (isFromBeforeBoot(file, owner, now)) return true;
  const stat = lstatSync(file, { throwIfNoEntry: false });
  return stat !== undefined && now() - stat.ctimeMs > SILENT_MS;
}

/**
 * Renews a file of ours until the returned function is called, so that those who cannot see this
 * process see that it lives. Only the ctime moves, by the file system's own clock.
 */
export function keepYoung(file: string): () => void {
  const timer = setInterval(() => renewChange(file), RENEW_MS).unref();
  return () => clearInterval(timer);
}

/** Gives the file a new ctime, and leaves its other times. */
function renewChange(file: string): void {
  const before = lstatSync(file, { throwIfNoEntry: false });
  if (before === undefined) return;
  try {
    utimesSync(file, before.atime, before.mtime);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}
