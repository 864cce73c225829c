/**
 * Claims on paths: an item's outs are exclusive, its inputs are shared and read-only. A claim on a
 * folder covers everything in it.
 */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isWithin } from '../sys/is-within.js';
import { makeFolder } from '../sys/make-folder.js';
import type { HeldFile } from './held-file.js';
import { type LockOwner, newOwner } from './lock-owner.js';
import { type Queued, type Rules, readLine, takeTurn } from './ticket-queue.js';

/** Paths are relative to the folder that the claims cover, `/` between names. */
export interface Paths {
  readonly writes: readonly string[];
  readonly reads: readonly string[];
}

interface ClaimTicket extends LockOwner, Paths {
  readonly granted: boolean;
  /** The folder to which the claim's processes write their output. */
  readonly logs: string;
}

export interface ClaimOptions {
  /** Purpose of the claim, such as `train@faces`: other processes display it while they wait. */
  readonly doing: string;
  /** Called for each holder for which this process starts to wait. */
  readonly onWait: (owner: LockOwner, file: string) => void;
  /** Absolute path of the folder for the output of its processes. */
  readonly logs: string;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/** A claim that this process holds until `release`. */
export type Claim = HeldFile<ClaimTicket>;

/** Waits until the paths can be claimed. Creates the folder if needed. */
export function acquireClaim(
  folder: string,
  paths: Paths,
  { doing, logs, onWait, signal }: ClaimOptions,
): Promise<Claim> {
  let told: string | undefined;
  return takeTurn(folder, { ...newOwner(doing), ...paths, logs, granted: false }, RULES, {
    doing,
    signal,
    onWait: (line, own) => {
      const first = inTheWay(line, own)[0];
      if (first === undefined || first.ticket.token === told) return;
      told = first.ticket.token;
      onWait(first.ticket, first.file);
    },
  });
}

/** Replaces the paths of a claim with fewer ones. */
export function narrow(claim: Claim, paths: Paths): void {
  if (claim.isHeld()) claim.rewrite({ ...claim.owner, ...paths });
}

/** Holders of a write claim on the path, dead or alive. */
export function writersOf(folder: string, path: string): LockOwner[] {
  return readLine(folder, RULES)
    .filter(({ ticket }) => ticket.granted && ticket.writes.includes(path))
    .map(({ ticket }) => ticket);
}

const RULES: Rules<ClaimTicket> = {
  isTicket(owner: LockOwner): owner is ClaimTicket {
    const { writes, reads, granted } = owner as Partial<ClaimTicket>;
    return [writes, reads].every(isTexts) && typeof granted === 'boolean';
  },
  isGranted: ({ granted }) => granted,
  ahead: inTheWay,
  grant: (line, own) =>
    inTheWay(line, own).length === 0 ? { ...own.ticket, granted: true } : undefined,
};

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** Tickets that hold what this ticket wants, or that wait for it and came earlier. */
function inTheWay(
  line: readonly Queued<ClaimTicket>[],
  own: Queued<ClaimTicket>,
): Queued<ClaimTicket>[] {
  return line.filter(
    ({ number, ticket }) =>
      ticket.token !== own.ticket.token &&
      (ticket.granted || number < own.number) &&
      conflict(ticket, own.ticket),
  );
}

function conflict(a: Paths, b: Paths): boolean {
  return meet(a.writes, b.writes) || meet(a.writes, b.reads) || meet(a.reads, b.writes);
}

/** True when a path of one list equals, contains or is within a path of the other. */
function meet(these: readonly string[], those: readonly string[]): boolean {
  return these.some((a) => those.some((b) => isWithin(a, b) || isWithin(b, a)));
}

/** For claims outside a pipe cache: makes git ignore the folder. */
export function makeHiddenFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(folder);
  writeFileSync(path.join(folder, '.gitignore'), '*\n', { flag: 'w' });
}
