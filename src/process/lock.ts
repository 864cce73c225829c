/**
 * Locks between processes: one file each, which names its holder. Unaware of what they protect.
 *
 * Invariants, on which mutual exclusion rests:
 * - A lock file appears complete and at once: link(2) of a finished draft, which fails when it is there.
 *   Where there are no hard links it is created empty, which fails too when it is there, and written to at
 *   once: a file that says nothing is taken for a leftover only after a while, and its creator asks then
 *   whether it is still its own.
 * - While its holder lives, only the holder removes it.
 * - A holder is dead when it is seen dead, or when its heartbeat has stopped (silence.ts). One that comes
 *   back after that finds another token in the file, and records nothing: see `isHeld`.
 * - The lock of a dead holder D is never removed but replaced, and only by the one who holds the
 *   lock's own lock `<name>~<D's token>` and has seen D in the file since. Tokens never come again,
 *   so once D is replaced that inner lock means nothing for ever.
 * - These steps are synchronous: a process that was killed cannot finish one of them later in
 *   another thread, when it is already taken for dead.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Wait, waitForChanges } from '../stage/notice.js';
import { livenessOf } from '../sys/identity.js';
import { HeldFile } from './held-file.js';
import { type Holder, newHolder, readHolder, TORN } from './holder.js';
import { fileNameOf } from './names.js';
import { Silence } from './silence.js';

export interface LockOptions {
  /** What the lock is held for: others see it while they wait. */
  readonly doing: string;
  /** Called when there is somebody to wait for, and again for each other holder. */
  readonly onWait?: (holder: Holder) => void;
  /**
   * Called before a dead holder's lock is taken over, while no other can take it: the place to end
   * what the dead one left running. When we die in it, the next one finds the same dead holder.
   */
  readonly onDead?: (dead: Holder) => void | Promise<void>;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

/** How often a holder's death is looked for, which no event tells. */
const POLL_MS = 100;

/** What we hold until `release`. */
export class Lock {
  readonly #held: HeldFile;

  constructor(held: HeldFile) {
    this.#held = held;
  }

  /** False when another process has taken it for dead and taken over: then nothing may be recorded under it. */
  isHeld(): boolean {
    return this.#held.isOurs();
  }

  /** Frees it; again does nothing. */
  release(): void {
    this.#held.release();
  }
}

/** Waits until the lock is ours. Folder and name together are the lock; the folder is made when needed. */
export async function acquireLock(
  folder: string,
  name: string,
  options: LockOptions,
): Promise<Lock> {
  const first = tryLock(folder, name, options.doing);
  if (first) return first;
  const file = lockFile(folder, name);
  const wait = waitForChanges(folder, POLL_MS, (entry) => entry === basename(file));
  try {
    return await new Waiting(file, options).end(wait);
  } finally {
    wait.close();
  }
}

/** Takes the lock when nobody holds it, dead or alive; never waits. */
export function tryLock(folder: string, name: string, doing: string): Lock | undefined {
  const file = lockFile(folder, name);
  try {
    return create(file, doing);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(folder, { recursive: true });
    return create(file, doing);
  }
}

/** Where a lock lies, for messages. */
export function lockFile(folder: string, name: string): string {
  return join(folder, fileNameOf(name));
}

/** Who holds the lock, when somebody alive does. */
export function lockHolder(folder: string, name: string): Holder | undefined {
  const holder = readHolder(lockFile(folder, name));
  return holder === undefined || holder === TORN || livenessOf(holder) === 'dead'
    ? undefined
    : holder;
}

/** One wait for one lock. */
class Waiting {
  readonly #file: string;
  readonly #options: LockOptions;
  readonly #silence = new Silence();

  constructor(file: string, options: LockOptions) {
    this.#file = file;
    this.#options = options;
  }

  async end(wait: Wait): Promise<Lock> {
    const { signal, doing, onWait } = this.#options;
    let told: string | undefined;
    for (;;) {
      signal?.throwIfAborted();
      const holder = readHolder(this.#file);
      if (holder === undefined) {
        const lock = create(this.#file, doing);
        if (lock) return lock;
        continue;
      }
      if (this.#isGone(this.#file, holder)) {
        const taken = await this.#takeOver(this.#file, holder, this.#options);
        if (taken) return taken;
      } else if (holder !== TORN && holder.token !== told) {
        told = holder.token;
        onWait?.(holder);
      }
      await wait.next(signal);
    }
  }

  #isGone(file: string, holder: Holder | typeof TORN): boolean {
    return holder === TORN ? this.#silence.isTornForGood(file) : this.#silence.isGone(file, holder);
  }

  /** Undefined when another was quicker: then there is something to wait for, or nothing any more. */
  async #takeOver(
    file: string,
    dead: Holder | typeof TORN,
    { doing, onDead }: Pick<LockOptions, 'doing' | 'onDead'>,
  ): Promise<Lock | undefined> {
    const token = dead === TORN ? TORN : dead.token;
    const inner = await this.#tryInner(`${file}~${token}`);
    if (!inner) return undefined;
    try {
      if (tokenIn(file) !== token) return undefined;
      if (dead !== TORN) await onDead?.(dead);
      const lock = new Lock(HeldFile.replace(file, newHolder(doing)));
      sweep(file);
      return lock;
    } finally {
      inner.release();
    }
  }

  /** The inner lock's holder may have died too: its lock is taken over in the same way. */
  async #tryInner(file: string): Promise<Lock | undefined> {
    const { doing } = this.#options;
    const lock = create(file, doing);
    if (lock) return lock;
    const holder = readHolder(file);
    if (holder === undefined || !this.#isGone(file, holder)) return undefined;
    return this.#takeOver(file, holder, { doing });
  }
}

function tokenIn(file: string): string | undefined {
  const holder = readHolder(file);
  return holder === TORN ? TORN : holder?.token;
}

function create(file: string, doing: string): Lock | undefined {
  const held = HeldFile.create(file, newHolder(doing));
  return held && new Lock(held);
}

/**
 * Removes what the dead left beside a lock that we have just taken over: inner locks, which mean
 * nothing any more, and drafts of processes that are gone.
 */
function sweep(file: string): void {
  const folder = dirname(file);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(file)}~`)) continue;
    const path = join(folder, name);
    const holder = name.endsWith('.draft') ? readHolder(path) : undefined;
    const inUse = holder === TORN || (holder !== undefined && livenessOf(holder) !== 'dead');
    if (!inUse) rmSync(path, { force: true });
  }
}
