/** A file that names this process as a holder: written whole, kept beating, and checked for being ours still. */
import {
  close,
  closeSync,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  write,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { isWithoutLinks } from '../sys/no-links.js';
import { startBeating, stopBeating } from './heart.js';
import { beatText, groupText, type Holder, placesIn, readHolder, TORN, textOf } from './holder.js';

const writeAt = promisify(write);
const sync = promisify(fdatasync);

export class HeldFile<T extends Holder = Holder> {
  readonly path: string;
  #holder: T;
  #handle: number;
  /** Of the text in the file. */
  #bytes: number;
  #beats = 0;
  #writing: Promise<void> | undefined;
  #onLost: (() => void) | undefined;

  private constructor(path: string, holder: T, { handle, bytes }: Draft) {
    this.path = path;
    this.#holder = holder;
    this.#handle = handle;
    this.#bytes = bytes;
    startBeating(this);
  }

  /**
   * Undefined when the path is taken. The file appears whole and at once; where there are no hard links
   * it appears empty, and whole an instant later.
   */
  static create<T extends Holder>(path: string, holder: T): HeldFile<T> | undefined {
    const draft = draftOf(path, holder);
    const written = writeDraft(draft, holder);
    try {
      linkSync(draft, path);
      return new HeldFile(path, holder, written);
    } catch (error) {
      closeSync(written.handle);
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
      if (!isWithoutLinks(error)) throw error;
    } finally {
      removeDraft(draft);
    }
    return HeldFile.#createEmpty(path, holder);
  }

  /** Who takes the empty file for a leftover in that instant has another token in it: then it is not ours. */
  static #createEmpty<T extends Holder>(path: string, holder: T): HeldFile<T> | undefined {
    const written = writeNew(path, holder);
    if (written === undefined) return undefined;
    const held = new HeldFile(path, holder, written);
    if (held.isOurs()) return held;
    held.release();
    return undefined;
  }

  /** Takes the path from whatever is there. */
  static replace<T extends Holder>(path: string, holder: T): HeldFile<T> {
    const draft = draftOf(path, holder);
    const written = writeDraft(draft, holder);
    try {
      renameSync(draft, path);
    } catch (error) {
      closeSync(written.handle);
      throw error;
    }
    return new HeldFile(path, holder, written);
  }

  get holder(): T {
    return this.#holder;
  }

  /** Says something else about what is held, under the same token. */
  rewrite(holder: T): void {
    const draft = draftOf(this.path, holder);
    const { handle, bytes } = writeDraft(draft, holder);
    renameSync(draft, this.path);
    this.#close();
    this.#holder = holder;
    this.#handle = handle;
    this.#bytes = bytes;
  }

  /** Names the leader of the processes that run on what is held. */
  noteGroup(group: string): void {
    writeSync(this.#handle, groupText(group), placesIn(this.#bytes).group);
  }

  /** The fencing token: false once another process has taken this file's place, or someone removed it. */
  isOurs(): boolean {
    const holder = readHolder(this.path);
    return holder !== TORN && holder?.token === this.#holder.token;
  }

  /** Calls back, once, when a beat finds that the file is not ours any more. */
  onLost(callback: () => void): void {
    this.#onLost = callback;
  }

  /** Frees it; again does nothing. */
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

  /** A file that cannot be removed is emptied: then it says nothing, and nobody waits for us. */
  #remove(): void {
    try {
      if (this.isOurs()) rmSync(this.path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      ftruncateSync(this.#handle, 0);
    }
  }

  async beat(): Promise<void> {
    if (this.#writing !== undefined) return; // A slow file server: the next beat is on its way.
    if (this.#isLost()) {
      this.#onLost?.();
      this.#onLost = undefined;
      return;
    }
    // A beat that cannot be written is a beat that others miss: the token tells us when one took over.
    this.#writing = this.#writeBeat().catch(() => {});
    await this.#writing;
    this.#writing = undefined;
  }

  /** Not when it cannot be read just now: the fence is asked again before anything is recorded. */
  #isLost(): boolean {
    try {
      return !this.isOurs();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      return false;
    }
  }

  /** Through the descriptor: when another has taken the name, the beat goes into the file that is gone. */
  async #writeBeat(): Promise<void> {
    const handle = this.#handle;
    const position = placesIn(this.#bytes).beat;
    this.#beats += 1;
    const digits = Buffer.from(beatText(this.#beats));
    await writeAt(handle, digits, 0, digits.length, position);
    // A network file system keeps it back without.
    await sync(handle);
  }

  /** Not before a beat that is being written has come to its end. */
  #close(): void {
    const handle = this.#handle;
    if (this.#writing === undefined) closeSync(handle);
    else void this.#writing.then(() => close(handle, () => {}));
  }
}

function draftOf(path: string, { token }: Holder): string {
  return `${path}~${token}.draft`;
}

/** One that stays is swept by who takes over later; what it was made for is held all the same. */
function removeDraft(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
  }
}

interface Draft {
  readonly handle: number;
  readonly bytes: number;
}

function writeDraft(draft: string, holder: Holder): Draft {
  return written(openSync(draft, 'w'), holder);
}

/** Undefined when the file is there already. */
function writeNew(path: string, holder: Holder): Draft | undefined {
  let handle: number;
  try {
    handle = openSync(path, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
  try {
    const draft = written(handle, holder);
    // A network file system shows it to others as empty until then.
    fdatasyncSync(handle);
    return draft;
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
}

/** Closes the file when it cannot be written. */
function written(handle: number, holder: Holder): Draft {
  const text = textOf(holder);
  try {
    writeSync(handle, text);
  } catch (error) {
    closeSync(handle);
    throw error;
  }
  return { handle, bytes: Buffer.byteLength(text) };
}
