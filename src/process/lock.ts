/**
 * Locks between processes: one file each, which names its holder. Unaware of what they protect.
 *
 * Invariants, on which mutual exclusion rests:
 * - A lock file appears complete and at once: link(2) of a finished draft, which fails when it is there.
 * - While its holder lives, only the holder removes it.
 * - The lock of a dead holder D is never removed but replaced, and only by the one who holds the
 *   lock's own lock `<name>~<D's token>` and has seen D in the file since. Tokens never come again,
 *   so once D is replaced that inner lock means nothing for ever.
 * - These steps are synchronous: a process that was killed cannot finish one of them later in
 *   another thread, when it is already taken for dead.
 */
import { linkSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Wait, waitForChanges } from '../stage/notice.js';
import { type Holder, newHolder, readHolder, TORN } from './holder.js';
import { livenessOf } from './identity.js';
import { fileNameOf } from './names.js';

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
  readonly #file: string;
  readonly #token: string;

  constructor(file: string, token: string) {
    this.#file = file;
    this.#token = token;
  }

  /** Frees it; again does nothing. */
  release(): void {
    if (tokenIn(this.#file) === this.#token) rmSync(this.#file, { force: true });
  }
}

/** Waits until the lock is ours. Folder and name together are the lock; the folder is made when needed. */
export async function acquireLock(
  folder: string,
  name: string,
  options: LockOptions,
): Promise<Lock> {
  const file = lockFile(folder, name);
  const first = tryLock(folder, name, options.doing);
  if (first) return first;
  const wait = waitForChanges(folder, POLL_MS, basename(file));
  try {
    return await waitFor(file, options, wait);
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
  return holder === undefined || isDead(holder) ? undefined : (holder as Holder);
}

async function waitFor(file: string, options: LockOptions, wait: Wait): Promise<Lock> {
  let told: string | undefined;
  for (;;) {
    options.signal?.throwIfAborted();
    const holder = readHolder(file);
    if (holder === undefined) {
      const lock = create(file, options.doing);
      if (lock) return lock;
      continue;
    }
    if (holder === TORN || isDead(holder)) {
      const taken = await takeOver(file, holder, options);
      if (taken) return taken;
    } else if (holder.token !== told) {
      told = holder.token;
      options.onWait?.(holder);
    }
    await wait.next(options.signal);
  }
}

/** Undefined when another was quicker: then there is something to wait for, or nothing any more. */
async function takeOver(
  file: string,
  dead: Holder | typeof TORN,
  options: LockOptions,
): Promise<Lock | undefined> {
  const token = dead === TORN ? TORN : dead.token;
  const inner = await tryInner(`${file}~${token}`, options.doing);
  if (!inner) return undefined;
  try {
    if (tokenIn(file) !== token) return undefined;
    if (dead !== TORN) await options.onDead?.(dead);
    const lock = replace(file, options.doing);
    sweep(file);
    return lock;
  } finally {
    inner.release();
  }
}

/** The inner lock's holder may have died too: its lock is taken over in the same way. */
async function tryInner(file: string, doing: string): Promise<Lock | undefined> {
  const lock = create(file, doing);
  if (lock) return lock;
  const holder = readHolder(file);
  if (holder === undefined || !isDead(holder)) return undefined;
  return takeOver(file, holder, { doing });
}

function isDead(holder: Holder | typeof TORN): boolean {
  return holder === TORN || livenessOf(holder) === 'dead';
}

function tokenIn(file: string): string | undefined {
  const holder = readHolder(file);
  return holder === TORN ? TORN : holder?.token;
}

function create(file: string, doing: string): Lock | undefined {
  const { draft, token } = writeDraft(file, doing);
  try {
    linkSync(draft, file);
    return new Lock(file, token);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function replace(file: string, doing: string): Lock {
  const { draft, token } = writeDraft(file, doing);
  renameSync(draft, file);
  return new Lock(file, token);
}

function writeDraft(file: string, doing: string): { draft: string; token: string } {
  const holder = newHolder(doing);
  const draft = `${file}~${holder.token}.draft`;
  writeFileSync(draft, JSON.stringify(holder));
  return { draft, token: holder.token };
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
    const inUse = name.endsWith('.draft') && (holder === TORN || (holder && !isDead(holder)));
    if (!inUse) rmSync(path, { force: true });
  }
}
