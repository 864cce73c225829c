/**
 * Queue of tickets in a folder: one file for each waiting or holding process, in order of arrival.
 * The rules decide what is held and which tickets conflict: GPUs (gpu-lease.ts), paths (claims.ts).
 *
 * A ticket gets everything at once, so no two wait for each other. No ticket gets what an earlier
 * one waits for, so none waits forever.
 */
import { basename, join } from 'node:path';
import { waitForChanges } from '../stage/notice.js';
import { namesIn, removeFile } from '../sys/if-there.js';
import { acquireLock, tryLock } from './file-lock.js';
import { HeldFile } from './held-file.js';
import { type LockOwner, readOwner, TORN } from './lock-owner.js';
import { reapOrphans } from './orphans.js';
import { Silence } from './silence.js';

/** A ticket with its place in the queue. */
export interface Queued<T extends LockOwner> {
  readonly file: string;
  readonly number: number;
  readonly ticket: T;
}

export interface Rules<T extends LockOwner> {
  /** False for a file that a crash of the machine has damaged: it is ignored. */
  isTicket(owner: LockOwner): owner is T;
  isGranted(ticket: T): boolean;
  /** Tickets that may block this one: while all of them remain, it need not check again. */
  ahead(line: readonly Queued<T>[], own: Queued<T>): readonly Queued<T>[];
  /** The ticket as granted; undefined if it has to wait. */
  grant(line: readonly Queued<T>[], own: Queued<T>): T | undefined;
}

interface TurnOptions<T extends LockOwner> {
  readonly doing: string;
  /** Called after each check that grants nothing. */
  readonly onWait: (line: readonly Queued<T>[], own: Queued<T>) => void;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** How often to check for a holder's death, which no event reports. */
const POLL_MS = 100;

/** Waits until the ticket is granted. Creates the folder if needed. */
export async function takeTurn<T extends LockOwner>(
  folder: string,
  ticket: T,
  rules: Rules<T>,
  options: TurnOptions<T>,
): Promise<HeldFile<T>> {
  const turn = new Turn(folder, ticket, rules, options);
  try {
    return await turn.come();
  } catch (error) {
    turn.leave();
    throw error;
  }
}

/** All tickets in order of arrival, including those of dead processes. */
export function readLine<T extends LockOwner>(folder: string, rules: Rules<T>): Queued<T>[] {
  const line: Queued<T>[] = [];
  for (const name of namesIn(folder).sort()) {
    const match = /^(\d+)-\w+\.ticket$/.exec(name);
    if (!match) continue;
    const file = join(folder, name);
    const owner = readTicket(file);
    if (owner !== undefined && rules.isTicket(owner))
      line.push({ file, number: Number(match[1]), ticket: owner });
  }
  return line;
}

class Turn<T extends LockOwner> {
  readonly #folder: string;
  readonly #ticket: T;
  readonly #rules: Rules<T>;
  readonly #options: TurnOptions<T>;
  readonly #silence = new Silence();
  #held: HeldFile<T> | undefined;
  #number = 0;
  /** Files of the tickets that it waits for. */
  #ahead: ReadonlySet<string> = new Set();

  constructor(folder: string, ticket: T, rules: Rules<T>, options: TurnOptions<T>) {
    this.#folder = folder;
    this.#ticket = ticket;
    this.#rules = rules;
    this.#options = options;
  }

  async come(): Promise<HeldFile<T>> {
    await this.#alone(() => this.#join());
    if (this.#isGranted) return this.#own;
    const wait = waitForChanges(this.#folder, POLL_MS, (entry) => this.#ahead.has(entry));
    try {
      while (!(await this.#look())) await wait.next(this.#options.signal);
      return this.#own;
    } finally {
      wait.close();
    }
  }

  leave(): void {
    this.#held?.release();
  }

  /** True if it is granted. */
  async #look(): Promise<boolean> {
    this.#options.signal?.throwIfAborted();
    const line = readLine(this.#folder, this.#rules);
    const gone = line.filter(({ file, ticket }) => this.#silence.isGone(file, ticket));
    if (gone.length > 0) await this.#alone(() => removeGone(gone));
    // During a pause, another process concluded that this one is dead and overtook it: back to the
    // end of the queue.
    else if (!this.#own.isHeld()) await this.#alone(() => this.#rejoin());
    else if (this.#rules.grant(line, this.#queued)) await this.#alone(() => this.#grant());
    else {
      const ahead = this.#rules.ahead(line, this.#queued);
      this.#ahead = new Set(ahead.map(({ file }) => basename(file)));
      this.#options.onWait(line, this.#queued);
    }
    return this.#isGranted;
  }

  /** Joins at the end, and is granted immediately if no ticket blocks it. */
  #join(): void {
    const line = readLine(this.#folder, this.#rules);
    this.#number = (line.at(-1)?.number ?? 0) + 1;
    const name = `${String(this.#number).padStart(12, '0')}-${this.#ticket.token}.ticket`;
    const file = join(this.#folder, name);
    const own = { file, number: this.#number, ticket: this.#ticket };
    this.#held = HeldFile.replace(file, this.#rules.grant([...line, own], own) ?? this.#ticket);
  }

  #rejoin(): void {
    this.#held?.release();
    this.#join();
  }

  /** Checks again, because only now can no other process take it. */
  #grant(): void {
    if (!this.#own.isHeld()) return;
    const granted = this.#rules.grant(readLine(this.#folder, this.#rules), this.#queued);
    if (granted) this.#own.rewrite(granted);
  }

  get #own(): HeldFile<T> {
    return this.#held as HeldFile<T>;
  }

  get #queued(): Queued<T> {
    return { file: this.#own.path, number: this.#number, ticket: this.#own.owner };
  }

  get #isGranted(): boolean {
    return this.#held !== undefined && this.#rules.isGranted(this.#held.owner);
  }

  /**
   * Joining and granting happen under the queue's lock; releasing needs none. Avoids needless
   * awaits, so that items of one process never run this concurrently.
   */
  async #alone(action: () => void | Promise<void>): Promise<void> {
    const { doing, signal } = this.#options;
    const lock =
      tryLock(this.#folder, QUEUE, doing) ??
      (await acquireLock(
        this.#folder,
        QUEUE,
        signal === undefined ? { doing } : { doing, signal },
      ));
    try {
      const done = action();
      if (done !== undefined) await done;
    } finally {
      lock.release();
    }
  }
}

/** Lock of the queue. */
const QUEUE = 'queue';

/** The resources of a dead run are free only when its processes are gone too. */
async function removeGone<T extends LockOwner>(gone: readonly Queued<T>[]): Promise<void> {
  for (const { file, ticket } of gone) {
    // Skips a holder that revived, or that another process has removed.
    const now = readTicket(file);
    if (now === undefined || now.token !== ticket.token || now.beat !== ticket.beat) continue;
    await reapOrphans(now);
    removeFile(file);
  }
}

function readTicket(file: string): LockOwner | undefined {
  const owner = readOwner(file);
  return owner === TORN ? undefined : owner;
}
