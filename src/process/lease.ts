/**
 * GPU leases: each GPU is held by one item at a time, among all runs of all projects of this user
 * on this machine. Whoever held one and died has lost it, and what it left running is ended first.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { userError } from '../error.js';
import { type Wait, waitForChanges } from '../stage/notice.js';
import { findGpus, type Gpus } from './gpus.js';
import { newHolder } from './holder.js';
import { acquireLock } from './lock.js';
import { reapOrphans } from './orphans.js';
import { runtimeFolder } from './runtime-dir.js';
import {
  grantable,
  isDead,
  joinQueue,
  type Queued,
  readTickets,
  removeTicket,
  whyWaiting,
  writeTicket,
} from './tickets.js';

export interface LeaseOptions {
  /** What they are held for, with the project: others see it while they wait. */
  readonly doing: string;
  /** Where PIPE_GPUS, PIPE_RUNTIME_DIR and the system's variables are looked up. */
  readonly env: NodeJS.ProcessEnv;
  /** Called with a sentence when there is something to wait for, and again when it changes. */
  readonly onWait?: (reason: string) => void;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

export interface GpuLease {
  readonly indices: readonly number[];
  /** The value for CUDA_VISIBLE_DEVICES. It counts as `nvidia-smi` does with CUDA_DEVICE_ORDER=PCI_BUS_ID. */
  readonly visible: string;
  release(): void;
}

/** How often a holder's death is looked for, which no event tells. */
const POLL_MS = 100;

/** Waits until `count` GPUs are ours alone. The virtual slot of a machine without GPUs serves any count. */
export async function acquireGpus(count: number, options: LeaseOptions): Promise<GpuLease> {
  const gpus = await findGpus(options.env);
  const wanted = gpus.virtual ? 1 : count;
  if (wanted > gpus.indices.length) throw tooMany(wanted, gpus);
  const folder = join(runtimeFolder(options.env), 'gpus');
  mkdirSync(folder, { recursive: true });
  const own = await locked(folder, options, () => {
    const holder = newHolder(options.doing);
    return joinQueue(folder, { ...holder, count: wanted, among: gpus.indices, granted: [] });
  });
  const wait = waitForChanges(folder, POLL_MS);
  try {
    return leaseOf(await waitForTurn(folder, own, options, wait));
  } catch (error) {
    removeTicket(own);
    throw error;
  } finally {
    wait.close();
  }
}

async function waitForTurn(
  folder: string,
  own: Queued,
  options: LeaseOptions,
  wait: Wait,
): Promise<Queued> {
  let told: string | undefined;
  for (;;) {
    const queue = readTickets(folder);
    if (queue.some(isDead)) await locked(folder, options, () => removeDead(folder));
    else if (grantable(queue, own)) {
      const granted = await locked(folder, options, () => grant(folder, own));
      if (granted) return granted;
    } else {
      const reason = whyWaiting(queue, own);
      if (reason !== told) options.onWait?.(reason);
      told = reason;
      await wait.next(options.signal);
    }
  }
}

/** Looks again, since only now nobody else can take them. */
function grant(folder: string, own: Queued): Queued | undefined {
  const indices = grantable(readTickets(folder), own);
  if (!indices) return undefined;
  const granted = { ...own, ticket: { ...own.ticket, granted: indices } };
  writeTicket(granted);
  return granted;
}

/** A GPU is free when the processes on it are gone, not just their runner. */
async function removeDead(folder: string): Promise<void> {
  for (const each of readTickets(folder).filter(isDead)) {
    await reapOrphans(each.ticket);
    removeTicket(each);
  }
}

/** Joining and granting happen one at a time; releasing needs no lock. */
async function locked<T>(
  folder: string,
  { doing, signal }: LeaseOptions,
  action: () => T | Promise<T>,
): Promise<T> {
  const lock = await acquireLock(folder, 'queue', signal ? { doing, signal } : { doing });
  try {
    return await action();
  } finally {
    lock.release();
  }
}

function leaseOf(granted: Queued): GpuLease {
  const indices = granted.ticket.granted;
  return { indices, visible: indices.join(','), release: () => removeTicket(granted) };
}

function tooMany(count: number, { indices }: Gpus): Error {
  const has = indices.length === 1 ? 'has 1' : `has ${indices.length}`;
  return userError(
    'too-many-gpus',
    `${count} GPUs are asked for, but this machine ${has}`,
    'lower `resources: { gpu: … }`, or set PIPE_GPUS when there are more than are found',
  );
}
