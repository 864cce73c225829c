/**
 * Locks between processes: one file for each lock, which names its owner. Does not know what a lock
 * protects.
 *
 * Invariants that mutual exclusion depends on:
 * - A lock file appears complete: link(2) of a finished draft, which fails when the file exists.
 *   Without hard links it is created empty, which also fails when it exists, and written immediately:
 *   a file without text counts as a leftover only after a while, and its creator then checks that it
 *   still owns the file.
 * - While its owner lives, only the owner removes it.
 * - An owner is dead when it is visibly dead, or when its heartbeat has stopped (silence.ts). An owner
 *   that revives finds another token in the file, and records nothing: see `isHeld`.
 * - The lock of a dead owner D is never removed but replaced, and only by the process that holds the
 *   lock's own lock `<name>~<D's token>` and has seen D in the file since. Tokens never repeat, so
 *   once D is replaced that inner lock has no meaning any more.
 * - These steps are synchronous: a killed process cannot finish one later in another thread, when it
 *   already counts as dead.
 */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Wait, waitForChanges } from '../stage/notice.js';
import { livenessOf } from '../sys/identity.js';
import { removeFile, unlessFailed } from '../sys/if-there.js';
import { inNewFolder } from '../sys/make-folder.js';
import { fileNameOf } from './file-names.js';
import { HeldFile } from './held-file.js';
import { type LockOwner, newOwner, readOwner, TORN } from './lock-owner.js';
import { Silence } from './silence.js';

interface LockOptions {
  /** Purpose of the lock: other processes display it while they wait. */
  readonly doing: string;
  /** Called for each holder for which this process starts to wait. */
  readonly onWait?: (owner: LockOwner) => void;
  /**
   * Called before the takeover of a dead holder's lock, while no other process can take it. It
   * should end the dead process's children. If this process dies meanwhile, the next one finds the
   * same dead holder.
   */
  readonly onDead?: (dead: LockOwner) => void | Promise<void>;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

/** How often to check for a holder's death, which no event reports. */
const POLL_MS = 100;

/** A lock that this process holds until `release`. */
export type Lock = Pick<HeldFile, 'isHeld' | 'noteGroup' | 'release'>;

/** Waits for the lock, which folder and name identify. Creates the folder if needed. */
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

/** Takes the lock if there is no holder, dead or alive; never waits. */
export function tryLock(folder: string, name: string, doing: string): Lock | undefined {
  const file = lockFile(folder, name);
  return inNewFolder(folder, () => create(file, doing));
}

/** Path of a lock, for messages. */
export function lockFile(folder: string, name: string): string {
  return join(folder, fileNameOf(name));
}

/** The living holder of the lock, if any. */
export function lockHolder(folder: string, name: string): LockOwner | undefined {
  const owner = readOwner(lockFile(folder, name));
  return owner === undefined || owner === TORN || livenessOf(owner) === 'dead' ? undefined : owner;
}

/** A single wait for a lock. */
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
      const owner = readOwner(this.#file);
      if (owner === undefined) {
        const lock = create(this.#file, doing);
        if (lock) return lock;
        continue;
      }
      if (this.#isGone(this.#file, owner)) {
        const taken = await this.#takeOver(this.#file, owner, this.#options);
        if (taken) return taken;
      } else if (owner !== TORN && owner.token !== told) {
        told = owner.token;
        onWait?.(owner);
      }
      await wait.next(signal);
    }
  }

  #isGone(file: string, owner: LockOwner | typeof TORN): boolean {
    return owner === TORN ? this.#silence.isTornForGood(file) : this.#silence.isGone(file, owner);
  }

  /** Undefined if another process was faster: there may be a new holder to wait for. */
  async #takeOver(
    file: string,
    dead: LockOwner | typeof TORN,
    { doing, onDead }: Pick<LockOptions, 'doing' | 'onDead'>,
  ): Promise<Lock | undefined> {
    const token = dead === TORN ? TORN : dead.token;
    const inner = await this.#tryInner(`${file}~${token}`);
    if (!inner) return undefined;
    try {
      if (tokenIn(file) !== token) return undefined;
      if (dead !== TORN) await onDead?.(dead);
      const lock = HeldFile.replace(file, newOwner(doing));
      sweep(file);
      return lock;
    } finally {
      inner.release();
    }
  }

  /** The inner lock's holder may have died too. Its lock is taken over in the same way. */
  async #tryInner(file: string): Promise<Lock | undefined> {
    const { doing } = this.#options;
    const lock = create(file, doing);
    if (lock) return lock;
    const owner = readOwner(file);
    if (owner === undefined || !this.#isGone(file, owner)) return undefined;
    return this.#takeOver(file, owner, { doing });
  }
}

function tokenIn(file: string): string | undefined {
  const owner = readOwner(file);
  return owner === TORN ? TORN : owner?.token;
}

function create(file: string, doing: string): Lock | undefined {
  return HeldFile.create(file, newOwner(doing));
}

/**
 * After a takeover, removes the dead process's other files: inner locks, which have no meaning any
 * more, and drafts of dead processes. Files that cannot be listed, read or removed now are left to
 * a later takeover, because an error here would lose a lock that this process already holds.
 */
function sweep(file: string): void {
  const folder = dirname(file);
  for (const name of unlessFailed(() => readdirSync(folder)) ?? []) {
    if (!name.startsWith(`${basename(file)}~`)) continue;
    unlessFailed(() => {
      const path = join(folder, name);
      const owner = name.endsWith('.draft') ? readOwner(path) : undefined;
      const inUse = owner === TORN || (owner !== undefined && livenessOf(owner) !== 'dead');
      if (!inUse) removeFile(path);
    });
  }
}
