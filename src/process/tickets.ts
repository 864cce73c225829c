/** The queue for GPUs: one file for each who waits or holds, in order of arrival. */
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeHolder, type Holder, parseHolder } from './holder.js';
import { livenessOf } from './identity.js';

export interface Ticket extends Holder {
  /** How many GPUs it wants. */
  readonly count: number;
  /** Those that would do. */
  readonly among: readonly number[];
  /** Those that it holds; empty while it waits. */
  readonly granted: readonly number[];
}

/** A ticket with its place in the line. */
export interface Queued {
  readonly file: string;
  readonly number: number;
  readonly ticket: Ticket;
}

/** All tickets in order of arrival, those of the dead included. A file that says nothing counts for nothing. */
export function readTickets(folder: string): Queued[] {
  const queued: Queued[] = [];
  for (const name of readdirSync(folder).sort()) {
    const match = /^(\d+)-\w+\.ticket$/.exec(name);
    if (!match) continue;
    const file = join(folder, name);
    const ticket = readTicket(file);
    if (ticket) queued.push({ file, number: Number(match[1]), ticket });
  }
  return queued;
}

function readTicket(file: string): Ticket | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const holder = parseHolder(text) as Ticket | undefined;
  const complete = [holder?.among, holder?.granted].every(Array.isArray);
  return complete && Number.isInteger(holder?.count) ? holder : undefined;
}

/** Puts a ticket at the end of the line. Only for the holder of the queue's lock. */
export function joinQueue(folder: string, ticket: Ticket): Queued {
  const number = (readTickets(folder).at(-1)?.number ?? 0) + 1;
  const file = join(folder, `${String(number).padStart(12, '0')}-${ticket.token}.ticket`);
  const queued = { file, number, ticket };
  writeTicket(queued);
  return queued;
}

export function writeTicket({ file, ticket }: Queued): void {
  writeFileSync(`${file}.draft`, JSON.stringify(ticket));
  renameSync(`${file}.draft`, file);
}

export function removeTicket({ file }: Queued): void {
  rmSync(file, { force: true });
}

export function isDead({ ticket }: Queued): boolean {
  return livenessOf(ticket) === 'dead';
}

/**
 * The GPUs that a ticket gets now, or undefined when it has to wait: for those who hold what it
 * needs, and for all that came before it and want of the same GPUs. So nobody is overtaken for
 * ever, and since all GPUs of an item are granted at once, no two wait for each other.
 */
export function grantable(queue: readonly Queued[], own: Queued): number[] | undefined {
  const { among, count } = own.ticket;
  const ahead = queue.filter(({ number, ticket }) => number < own.number && waits(ticket));
  if (ahead.some(({ ticket }) => ticket.among.some((index) => among.includes(index))))
    return undefined;
  const held = new Set(queue.flatMap(({ ticket }) => ticket.granted));
  const free = among.filter((index) => !held.has(index));
  return free.length >= count ? free.slice(0, count) : undefined;
}

/** A sentence for who waits: who holds what since when, and who comes first. */
export function whyWaiting(queue: readonly Queued[], own: Queued): string {
  const { among, count } = own.ticket;
  const concerns = (indices: readonly number[]) => indices.some((index) => among.includes(index));
  const held = queue
    .filter(({ ticket }) => concerns(ticket.granted))
    .map(
      ({ ticket, file }) =>
        `GPU ${ticket.granted.join(', ')} held by ${describeHolder(ticket, file)}`,
    );
  const ahead = queue
    .filter(({ number, ticket }) => number < own.number && waits(ticket) && concerns(ticket.among))
    .map(({ ticket, file }) => `before it comes ${describeHolder(ticket, file)}`);
  return `waits for ${count === 1 ? 'a GPU' : `${count} GPUs`}: ${[...held, ...ahead].join('; ')}`;
}

function waits({ granted }: Ticket): boolean {
  return granted.length === 0;
}
