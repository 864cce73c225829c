/** Lock owner: the text of a lock or ticket file, with process, purpose and time. */
import { randomUUID } from 'node:crypto';
import { constants, fstatSync } from 'node:fs';
import { ifJson } from '../json.js';
import { type Identity, livenessOf, ownIdentity } from '../sys/identity.js';
import { unless } from '../sys/if-there.js';
import { lastText, withFile } from '../sys/open-file.js';
import { type BatchJob, jobIn } from './own-job.js';

export interface LockOwner extends Identity {
  /** Unique for each acquisition. */
  readonly token: string;
  /** Purpose, such as `train@faces`. */
  readonly doing: string;
  /** ISO time. */
  readonly since: string;
  /** The batch job that it belongs to. */
  readonly job?: BatchJob;
  /** Pid and start time of the leader of the processes that use it; blank: none yet. */
  readonly group?: string;
  /** A counter that the holder advances: see heartbeat.ts. */
  readonly beat?: string;
}

/** Widths of the fields that change while the lock is held. They are at the end, at fixed offsets. */
const GROUP_WIDTH = 40;
const BEAT_WIDTH = 12;

/** The text of a file before its first beat. */
export function textOf(owner: LockOwner): string {
  const { group: _group, beat: _beat, ...rest } = owner;
  return JSON.stringify({ ...rest, group: groupText(''), beat: beatText(0) });
}

export function groupText(group: string): string {
  return group.padEnd(GROUP_WIDTH);
}

export function beatText(beats: number): string {
  return String(beats).padStart(BEAT_WIDTH, '0');
}

/** The offsets of these fields in a text of the given length. */
export function placesIn(bytes: number): { readonly group: number; readonly beat: number } {
  const beat = bytes - BEAT_WIDTH - '"}'.length;
  return { beat, group: beat - GROUP_WIDTH - '","beat":"'.length };
}

/** A file without valid text: after a crash of the machine, or while it is being created. */
export const TORN = 'torn';

/** Longer than any owner's text. */
const MOST_BYTES = 1 << 20;

/** Describes this process, which is about to acquire something. */
export function newOwner(doing: string): LockOwner {
  // Its last 12 digits are random.
  const token = randomUUID().slice(-12);
  const job = jobIn(process.env);
  return { ...ownIdentity(), token, doing, since: new Date().toISOString(), ...(job && { job }) };
}

/**
 * Undefined if the file does not exist. Anything that is not a lock file, such as a pipe or a
 * device, counts as torn.
 */
export function readOwner(file: string): LockOwner | typeof TORN | undefined {
  const read = (handle: number) => {
    const stat = fstatSync(handle);
    return (stat.isFile() && parseOwner(lastText(handle, stat.size, MOST_BYTES))) || TORN;
  };
  return unless(['ENOENT'], () => withFile(file, constants.O_RDONLY | constants.O_NONBLOCK, read));
}

function parseOwner(text: string): LockOwner | undefined {
  const value = ifJson(text) as Partial<LockOwner> | null | undefined;
  const words = [value?.host, value?.start, value?.token, value?.doing, value?.since];
  const complete = words.every((each) => typeof each === 'string') && Number.isInteger(value?.pid);
  return complete ? ({ boot: '', space: '', ...value } as LockOwner) : undefined;
}

/**
 * `train@faces, pid 4711, since 14:02:11`. For a holder on another machine or in another container
 * it adds that, and what to do if the holder is dead. Only a person can know this, and a wrong
 * guess would let two processes write to the same place.
 */
export function describeOwner(owner: LockOwner, file: string): string {
  const says = `${owner.doing}, pid ${owner.pid}${whereIs(owner)}, since ${clockTime(new Date(owner.since))}`;
  return livenessOf(owner) === 'elsewhere'
    ? `${says} (pipe cannot see whether it still runs; if it does not, delete ${file})`
    : says;
}

/** Empty for a visible process outside a batch system. */
export function whereIs({ host, space, job }: LockOwner): string {
  const own = ownIdentity();
  const elsewhere = space === own.space ? '' : ' in another container';
  const place = host === own.host ? elsewhere : ` on ${host}`;
  return job === undefined ? place : `${place} in ${job.system} job ${job.id}`;
}

/** Includes the date unless it is today. */
function clockTime(time: Date): string {
  const day = (each: Date) =>
    `${each.getFullYear()}-${pad(each.getMonth() + 1)}-${pad(each.getDate())}`;
  const clock = `${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`;
  return day(time) === day(new Date()) ? clock : `${day(time)} ${clock}`;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
