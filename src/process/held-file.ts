/** Lock or ticket file of this process: created atomically, kept beating, and checked for its token. */
import {
  close,
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  openSync,
  renameSync,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { lstatIfThere, removeFile, unless, unlessFailed } from '../sys/if-there.js';
import { isWithoutLinks } from '../sys/no-links.js';
import { startBeating, stopBeating } from './heartbeat.js';
import {
  beatText,
  groupText,
  type LockOwner,
  placesIn,
  readOwner,
  TORN,
  textOf,
} from './lock-owner.js';
import { type Group, groupWord } from './orphans.js';

const writeAt = promisify(write);
const sync = promisify(fdatasync);

export class HeldFile<T extends LockOwner = LockOwner> {
  readonly path: string;
  #owner: T;
  #handle: number;
  /** Length of the text in the file. */
  #bytes: number;
  #beats = 0;
  #writing: Promise<void> | undefined;
  #onLost: (() => void) | undefined;

  private constructor(path: string, owner: T, { handle, bytes }: Draft) {
    this.path = path;
    this.#owner = owner;
    this.#handle = handle;
    this.#bytes = bytes;
    startBeating(this);
  }

  /** Undefined if the path is taken. The file appears complete or, without hard links, empty at first. */
  static create<T extends LockOwner>(path: string, owner: T): HeldFile<T> | undefined {
    const draft = draftOf(path, owner);
    const written = writeDraft(draft, owner);
    try {
      linkSync(draft, path);
      return new HeldFile(path, owner, written);
    } catch (error) {
      closeSync(written.handle);
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
      if (!isWithoutLinks(error)) throw error;
    } finally {
      removeDraft(draft);
    }
    return HeldFile.#createEmpty(path, owner);
  }

  /**
   * Another process may mistake the empty file for a leftover and write another token: the lock is
   * then lost.
   */
  static #createEmpty<T extends LockOwner>(path: string, owner: T): HeldFile<T> | undefined {
    const written = writeNew(path, owner);
    if (written === undefined) return undefined;
    const held = new HeldFile(path, owner, written);
    if (held.isHeld()) return held;
    held.release();
    return undefined;
  }

  /** Replaces any file at the path. */
  static replace<T extends LockOwner>(path: string, owner: T): HeldFile<T> {
    return new HeldFile(path, owner, placeDraft(draftOf(path, owner), path, owner));
  }

  get owner(): T {
    return this.#owner;
  }

  /** Changes the text, under the same token. */
  rewrite(owner: T): void {
    const draft = draftOf(this.path, owner);
    const { handle, bytes } = placeDraft(draft, this.path, owner);
    this.#close();
    this.#owner = owner;
    this.#handle = handle;
    this.#bytes = bytes;
  }

  /** Notes the leader of the processes that use the held resource. */
  noteGroup(group: Group): void {
    writeSync(this.#handle, groupText(groupWord(group)), placesIn(this.#bytes).group);
  }

  /**
   * Checks the fencing token. False after another process concluded that this one is dead, or after
   * a user removed the file: nothing may be recorded under it then.
   */
  isHeld(): boolean {
    const owner = readOwner(this.path);
    return owner !== TORN && owner?.token === this.#owner.token;
  }

  /** Like `isHeld`, even if the process has no free descriptor to read the file. */
  #isStillThere(): boolean {
    const isToken = unless(['EMFILE', 'ENFILE'], () => this.isHeld());
    if (isToken !== undefined) return isToken;
    // While the file is open, no other file gets its inode.
    const [own, there] = [fstatSync(this.#handle), lstatIfThere(this.path)];
    return own.ino === there?.ino && own.dev === there.dev;
  }

  /** Calls back once, when a heartbeat finds that the file is lost. */
  onLost(callback: () => void): void {
    this.#onLost = callback;
  }

  /** Idempotent. */
  release(): void {
    if (this.#handle < 0) return;
    stopBeating(this);
    try {
      this.#remove();
    } finally {
      this.#close();
      this.#handle = -1;
    }
  }

  /** Empties a file that cannot be removed, so that no other process waits for this one. */
  #remove(): void {
    try {
      if (this.#isStillThere()) removeFile(this.path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      ftruncateSync(this.#handle, 0);
    }
  }

  async beat(): Promise<void> {
    if (this.#writing !== undefined) return; // The file server is slow, and the previous beat is still being written.
    if (this.#onLost !== undefined && this.#isLost()) {
      this.#onLost();
      this.#onLost = undefined;
    }
    // A failed write is only a missed beat. The token shows when another process takes over.
    this.#writing = this.#writeBeat().catch(() => {});
    await this.#writing;
    this.#writing = undefined;
  }

  /** False on a temporary read error, because the token is checked again before anything is recorded. */
  #isLost(): boolean {
    return unlessFailed(() => this.isHeld()) === false;
  }

  /** Writes through the descriptor: after a takeover, the beat goes to the deleted file. */
  async #writeBeat(): Promise<void> {
    const handle = this.#handle;
    const position = placesIn(this.#bytes).beat;
    this.#beats += 1;
    const digits = Buffer.from(beatText(this.#beats));
    await writeAt(handle, digits, 0, digits.length, position);
    // Without it, a network file system delays the write.
    await sync(handle);
  }

  /** Waits for a pending beat. */
  #close(): void {
    const handle = this.#handle;
    if (this.#writing === undefined) closeSync(handle);
    else void this.#writing.then(() => close(handle, () => {}));
  }
}

function draftOf(path: string, { token }: LockOwner): string {
  return `${path}~${token}.draft`;
}

/** A later takeover removes a remaining draft. The lock is valid regardless. */
function removeDraft(draft: string): void {
  unlessFailed(() => removeFile(draft));
}

interface Draft {
  readonly handle: number;
  readonly bytes: number;
}

function writeDraft(draft: string, owner: LockOwner): Draft {
  return written(openSync(draft, 'w'), owner);
}

/** Replaces any existing file at the path. */
function placeDraft(draft: string, path: string, owner: LockOwner): Draft {
  const written = writeDraft(draft, owner);
  try {
    renameSync(draft, path);
    return written;
  } catch (error) {
    closeSync(written.handle);
    removeDraft(draft);
    throw error;
  }
}

/** Undefined when the file exists already. */
function writeNew(path: string, owner: LockOwner): Draft | undefined {
  const handle = unless(['EEXIST'], () => openSync(path, 'wx'));
  if (handle === undefined) return undefined;
  try {
    const draft = written(handle, owner);
    // Before that, other clients of a network file system see an empty file.
    fdatasyncSync(handle);
    return draft;
  } catch (error) {
    removeFile(path);
    throw error;
  }
}

/** Closes the file when writing fails. */
function written(handle: number, owner: LockOwner): Draft {
  const text = textOf(owner);
  try {
    writeSync(handle, text);
  } catch (error) {
    closeSync(handle);
    throw error;
  }
  return { handle, bytes: Buffer.byteLength(text) };
}
