/**
 * Claims on paths: what an item writes it has alone, what it reads nobody writes meanwhile. A claim on a
 * folder covers all that lies in it.
 */
import type { HeldFile } from './held-file.js';
import { type Holder, newHolder } from './holder.js';
import { type Queued, type Rules, readLine, takeTurn } from './line.js';
import { type Group, groupWord } from './orphans.js';

/** Paths are relative to what the claims' folder stands for, `/` between names. */
export interface Paths {
  readonly writes: readonly string[];
  readonly reads: readonly string[];
}

interface ClaimTicket extends Holder, Paths {
  readonly granted: boolean;
  /** Where what runs on it writes its output. */
  readonly logs: string;
}

export interface ClaimOptions {
  /** What the paths are claimed for, such as `train@faces`: others see it while they wait. */
  readonly doing: string;
  /** Called when there is somebody to wait for, and again for each other one. */
  readonly onWait: (holder: Holder, file: string) => void;
  /** Absolute path of the folder that the output of its processes goes to. */
  readonly logs: string;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

/** What we hold until `release`. */
export class Claim {
  readonly #held: HeldFile<ClaimTicket>;

  constructor(held: HeldFile<ClaimTicket>) {
    this.#held = held;
  }

  /** False when another process has taken us for dead and gone on: then nothing may be recorded under it. */
  isHeld(): boolean {
    return this.#held.isOurs();
  }

  /** Calls back when a beat finds the claim lost. */
  onLost(callback: () => void): void {
    this.#held.onLost(callback);
  }

  /** What was written is only read from here on. */
  narrow(paths: Paths): void {
    if (this.isHeld()) this.#held.rewrite({ ...this.#held.holder, ...paths });
  }

  noteGroup(group: Group): void {
    this.#held.noteGroup(groupWord(group));
  }

  release(): void {
    this.#held.release();
  }
}

/** Waits until the paths can be claimed. The folder is made when needed. */
export async function acquireClaim(
  folder: string,
  paths: Paths,
  { doing, logs, onWait, signal }: ClaimOptions,
): Promise<Claim> {
  let told: string | undefined;
  const held = await takeTurn(
    folder,
    { ...newHolder(doing), ...paths, logs, granted: false },
    RULES,
    {
      doing,
      signal,
      onWait: (line, own) => {
        const first = inTheWay(line, own)[0];
        if (first === undefined || first.ticket.token === told) return;
        told = first.ticket.token;
        onWait(first.ticket, first.file);
      },
    },
  );
  return new Claim(held);
}

/** Who has a claim to write a path, dead or alive. */
export function writersOf(folder: string, path: string): Holder[] {
  return readLine(folder, RULES)
    .filter(({ ticket }) => ticket.granted && ticket.writes.includes(path))
    .map(({ ticket }) => ticket);
}

const RULES: Rules<ClaimTicket> = {
  isTicket(holder: Holder): holder is ClaimTicket {
    const { writes, reads, granted } = holder as Partial<ClaimTicket>;
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

/** Who holds what the ticket wants, or waits for it and came first. */
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

/** True when one of these is one of those, or lies in it, or holds it. */
function meet(these: readonly string[], those: readonly string[]): boolean {
  return these.some((a) => those.some((b) => isWithin(a, b) || isWithin(b, a)));
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
