/**
 * GPU leases: one item at a time holds each GPU, among all runs of all projects of this user on this
 * machine. A dead holder loses its lease; its remaining processes are ended first.
 */

import { lstatSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { userError } from '../error.js';
import { makeFolder } from '../sys/make-folder.js';
import { whyNoFolder } from '../sys/no-folder.js';
import { findSlots, type Slot, virtualSlot } from './gpus.js';
import { describeOwner, type LockOwner, newOwner } from './lock-owner.js';
import type { Group } from './orphans.js';
import { isHeldAroundUs, waitsForItself } from './outer-executions.js';
import { type Queued, type Rules, takeTurn } from './ticket-queue.js';

export interface LeaseOptions {
  /** Item and project: other processes display it while they wait. */
  readonly doing: string;
  /** The item that holds the GPUs: a run nested in its execution must not wait for them. */
  readonly item?: string;
  /** The environment with PIPE_GPUS and PIPE_RUNTIME_DIR. */
  readonly env: NodeJS.ProcessEnv;
  /** Called with a sentence when the lease has to wait, and again when it changes. */
  readonly onWait?: (reason: string) => void;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

export interface GpuLease {
  readonly indices: readonly number[];
  /**
   * Value for CUDA_VISIBLE_DEVICES: the entries as found there. Numbers are those of `nvidia-smi`,
   * with CUDA_DEVICE_ORDER=PCI_BUS_ID. Undefined for the virtual slot: the variable is not changed.
   */
  readonly visible: string | undefined;
  /**
   * Notes the process group that uses the GPUs. If this process dies, the group is ended before the
   * next lease.
   */
  noteGroup(group: Group): void;
  release(): void;
}

interface GpuTicket extends LockOwner {
  /** Number of GPUs. */
  readonly count: number;
  /** Keys of the GPUs to choose from. */
  readonly among: readonly string[];
  /** Keys of the GPUs that the ticket holds; empty while it waits. */
  readonly granted: readonly string[];
  readonly item?: string;
}

type Line = readonly Queued<GpuTicket>[];

/** Waits for exclusive use of `count` GPUs. The virtual slot of a machine without GPUs serves any count. */
export async function acquireGpus(count: number, options: LeaseOptions): Promise<GpuLease> {
  const found = await findSlots(options.env);
  const virtual = found.length === 0;
  const slots = virtual ? [virtualSlot(options.env)] : found;
  const wanted = virtual ? 1 : count;
  if (wanted > slots.length) throw tooMany(wanted, slots);
  const { doing, item, signal } = options;
  const among = slots.map(({ key }) => key);
  const ticket = { ...newOwner(doing), count: wanted, among, granted: [], ...(item && { item }) };
  let told: string | undefined;
  const held = await takeTurn(join(runtimeFolder(options.env), 'gpus'), ticket, GPU_RULES, {
    doing,
    signal,
    onWait: (line, own) => {
      refuseOwn(line, own, options.env);
      const reason = whyWaiting(line, own, slots);
      if (reason !== told) options.onWait?.(reason);
      told = reason;
    },
  });
  const granted = slots.filter(({ key }) => held.owner.granted.includes(key));
  return {
    indices: granted.map(({ index }) => index),
    visible: virtual ? undefined : granted.map(({ name }) => name).join(','),
    noteGroup: (group) => held.noteGroup(group),
    release: () => held.release(),
  };
}

const GPU_RULES: Rules<GpuTicket> = {
  isTicket(owner: LockOwner): owner is GpuTicket {
    const { among, granted, count } = owner as Partial<GpuTicket>;
    return [among, granted].every(Array.isArray) && Number.isInteger(count);
  },
  isGranted: ({ granted }) => granted.length > 0,
  ahead: (line, { number, ticket: { among } }) =>
    line.filter(
      ({ number: other, ticket }) =>
        other !== number && ticket.among.some((index) => among.includes(index)),
    ),
  grant(line, { number, ticket }) {
    const granted = grantable(line, number, ticket);
    return granted && { ...ticket, granted };
  },
};

/**
 * The GPUs that a ticket gets now; undefined if it has to wait for a holder, or for an earlier
 * ticket that wants the same GPUs.
 */
function grantable(line: Line, own: number, { among, count }: GpuTicket): string[] | undefined {
  const ahead = line.filter(({ number, ticket }) => number < own && waits(ticket));
  if (ahead.some(({ ticket }) => ticket.among.some((key) => among.includes(key)))) return undefined;
  const held = new Set(line.flatMap(({ ticket }) => ticket.granted));
  const free = among.filter((key) => !held.has(key));
  return free.length >= count ? free.slice(0, count) : undefined;
}

/** If the enclosing execution holds some of the GPUs, there may never be enough. */
function refuseOwn(line: Line, { ticket: own }: Queued<GpuTicket>, env: NodeJS.ProcessEnv): void {
  const around = line
    .map(({ ticket }) => ticket)
    .filter((each) => each.item !== undefined && isHeldAroundUs(env, each, each.item));
  const held = new Set(around.flatMap(({ granted }) => granted));
  const others = own.among.filter((index) => !held.has(index));
  const [first] = around;
  if (first?.item !== undefined && others.length < own.count)
    throw waitsForItself(own.item ?? own.doing, first.item);
}

/** A sentence for a waiting run: which processes hold which GPUs since when, and which are earlier in the queue. */
function whyWaiting(line: Line, own: Queued<GpuTicket>, slots: readonly Slot[]): string {
  const { among, count } = own.ticket;
  const concerns = (keys: readonly string[]) => keys.some((key) => among.includes(key));
  const names = (keys: readonly string[]) =>
    slots.filter(({ key }) => keys.includes(key)).map(({ name }) => name);
  const held = line
    .filter(({ ticket }) => concerns(ticket.granted))
    .map(
      ({ ticket, file }) =>
        `GPU ${names(ticket.granted).join(', ')} held by ${describeOwner(ticket, file)}`,
    );
  const ahead = line
    .filter(({ number, ticket }) => number < own.number && waits(ticket) && concerns(ticket.among))
    .map(({ ticket, file }) => describeOwner(ticket, file));
  const queue = ahead.length === 0 ? [] : [`earlier in the queue: ${ahead.join('; ')}`];
  return `waits for ${count === 1 ? 'a GPU' : `${count} GPUs`}: ${[...held, ...queue].join('; ')}`;
}

function waits({ granted }: GpuTicket): boolean {
  return granted.length === 0;
}

function tooMany(count: number, { length }: readonly Slot[]): Error {
  const has = `has ${length}`;
  return userError(
    'too-many-gpus',
    `the item needs ${count} GPUs, but this machine ${has}`,
    'lower `resources: { gpu: … }`, or set PIPE_GPUS if pipe does not find all GPUs',
  );
}

/** Creates the folder for its owner only. `PIPE_RUNTIME_DIR` names another. */
export function runtimeFolder(env: NodeJS.ProcessEnv): string {
  const uid = process.getuid?.() ?? 0;
  const folder = env.PIPE_RUNTIME_DIR || standardFolder(uid);
  prepare(folder);
  // In a world-writable folder, another user may have created it, or a link, first.
  const isForeign = [lstatSync(folder), statSync(folder)].some((stat) => stat.uid !== uid);
  if (process.getuid && isForeign) throw refused(folder, 'it belongs to another user');
  return folder;
}

const HINT = 'set PIPE_RUNTIME_DIR to a folder of your own, the same for all your projects';

function refused(folder: string, why: string): Error {
  return userError('runtime-folder', `${folder} cannot hold GPU leases: ${why}`, HINT);
}

function prepare(folder: string): void {
  const why = whyNoFolder(resolve(folder));
  if (why !== undefined) throw refused(folder, why);
  try {
    makeFolder(folder, 0o700);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw refused(folder, `it cannot be created (${code})`);
  }
}

/**
 * Only PIPE_RUNTIME_DIR changes the folder. A shell, a cron job and a service of the same user must
 * share it, but may have different values of TMPDIR and XDG_RUNTIME_DIR. /run/user disappears with
 * the last login, which a run may outlive.
 */
function standardFolder(uid: number): string {
  return join(process.platform === 'win32' ? tmpdir() : '/tmp', `pipe-${uid}`);
}
