/**
 * GPU leases: each GPU is held by one item at a time, among all runs of all projects of this user
 * on this machine. Whoever held one and died has lost it, and what it left running is ended first.
 */
import { join } from 'node:path';
import { userError } from '../error.js';
import { isHeldAroundUs, waitsForItself } from './around.js';
import { findGpus, type Gpus } from './gpus.js';
import { describeHolder, type Holder, newHolder } from './holder.js';
import { noteGroup, type Queued, type Rules, type Ticket, takeTurn } from './line.js';
import type { Group } from './orphans.js';
import { runtimeFolder } from './runtime-dir.js';

export interface LeaseOptions {
  /** What they are held for, with the project: others see it while they wait. */
  readonly doing: string;
  /** The item that they are held for: a run within its execution must not wait for them. */
  readonly item?: string;
  /** Where PIPE_GPUS and PIPE_RUNTIME_DIR are looked up. */
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
  /** A process group runs on them: should we die, it is ended before they are given on. */
  noteGroup(group: Group): void;
  release(): void;
}

interface GpuTicket extends Ticket {
  /** How many GPUs it wants. */
  readonly count: number;
  /** Those that would do. */
  readonly among: readonly number[];
  /** Those that it holds; empty while it waits. */
  readonly granted: readonly number[];
  readonly item?: string;
}

type Line = readonly Queued<GpuTicket>[];

/** Waits until `count` GPUs are ours alone. The virtual slot of a machine without GPUs serves any count. */
export async function acquireGpus(count: number, options: LeaseOptions): Promise<GpuLease> {
  const gpus = await findGpus(options.env);
  const wanted = gpus.virtual ? 1 : count;
  if (wanted > gpus.indices.length) throw tooMany(wanted, gpus);
  const { doing, item, signal } = options;
  const ticket = {
    ...newHolder(doing),
    count: wanted,
    among: gpus.indices,
    granted: [],
    ...(item === undefined ? {} : { item }),
  };
  let told: string | undefined;
  const held = await takeTurn(join(runtimeFolder(options.env), 'gpus'), ticket, GPU_RULES, {
    doing,
    signal,
    onWait: (line, own) => {
      refuseOwn(line, own, options.env);
      const reason = whyWaiting(line, own);
      if (reason !== told) options.onWait?.(reason);
      told = reason;
    },
  });
  const indices = held.holder.granted;
  return {
    indices,
    visible: indices.join(','),
    noteGroup: (group) => noteGroup(held, group),
    release: () => held.release(),
  };
}

const GPU_RULES: Rules<GpuTicket> = {
  isTicket(holder: Holder): holder is GpuTicket {
    const { among, granted, count } = holder as Partial<GpuTicket>;
    return [among, granted].every(Array.isArray) && Number.isInteger(count);
  },
  isGranted: ({ granted }) => granted.length > 0,
  grant(line, { number, ticket }) {
    const granted = grantable(line, number, ticket);
    return granted && { ...ticket, granted };
  },
};

/**
 * The GPUs that a ticket gets now, or undefined when it has to wait: for those who hold what it
 * needs, and for all that came before it and want of the same GPUs.
 */
function grantable(line: Line, own: number, { among, count }: GpuTicket): number[] | undefined {
  const ahead = line.filter(({ number, ticket }) => number < own && waits(ticket));
  if (ahead.some(({ ticket }) => ticket.among.some((index) => among.includes(index))))
    return undefined;
  const held = new Set(line.flatMap(({ ticket }) => ticket.granted));
  const free = among.filter((index) => !held.has(index));
  return free.length >= count ? free.slice(0, count) : undefined;
}

/** Without those of the execution that started us, there may never be enough. */
function refuseOwn(line: Line, { ticket: own }: Queued<GpuTicket>, env: NodeJS.ProcessEnv): void {
  const around = line
    .map(({ ticket }) => ticket)
    .filter((each) => each.item !== undefined && isHeldAroundUs(env, each, each.item));
  const held = new Set(around.flatMap(({ granted }) => granted));
  const others = own.among.filter((index) => !held.has(index));
  const [first] = around;
  if (first?.item !== undefined && others.length < own.count)
    throw waitsForItself(own.count === 1 ? 'the GPU' : 'one of the GPUs', first.item);
}

/** A sentence for a run that waits: who holds what since when, and who comes first. */
function whyWaiting(line: Line, own: Queued<GpuTicket>): string {
  const { among, count } = own.ticket;
  const concerns = (indices: readonly number[]) => indices.some((index) => among.includes(index));
  const held = line
    .filter(({ ticket }) => concerns(ticket.granted))
    .map(
      ({ ticket, file }) =>
        `GPU ${ticket.granted.join(', ')} held by ${describeHolder(ticket, file)}`,
    );
  const ahead = line
    .filter(({ number, ticket }) => number < own.number && waits(ticket) && concerns(ticket.among))
    .map(({ ticket, file }) => `before it comes ${describeHolder(ticket, file)}`);
  return `waits for ${count === 1 ? 'a GPU' : `${count} GPUs`}: ${[...held, ...ahead].join('; ')}`;
}

function waits({ granted }: GpuTicket): boolean {
  return granted.length === 0;
}

function tooMany(count: number, { indices }: Gpus): Error {
  const has = indices.length === 1 ? 'has 1' : `has ${indices.length}`;
  return userError(
    'too-many-gpus',
    `${count} GPUs are asked for, but this machine ${has}`,
    'lower `resources: { gpu: … }`, or set PIPE_GPUS when there are more than are found',
  );
}
