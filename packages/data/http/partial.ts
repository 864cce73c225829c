/** A partial download: its bytes so far, and a note that says which file they belong to. */
import {
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';

/** The file that the bytes so far belong to. */
export interface Note {
  readonly url: string;
  /** Names the version of the file. A download without one cannot resume safely. */
  readonly validator: string | undefined;
  readonly total: number | undefined;
  readonly md5: string | undefined;
}

/** Owns `<file>.part` and `<file>.part.json` until the file is complete. */
export class PartialFile {
  readonly #file: string;
  readonly path: string;

  constructor(file: string) {
    this.#file = file;
    this.path = `${file}.part`;
  }

  /** Finds the bytes of this URL that a download can continue. If it cannot continue, removes them. */
  resume(url: string): { readonly offset: number; readonly note: Note | undefined } {
    const note = this.#readNote();
    if (note?.url !== url || note.validator === undefined) return this.restart();
    return { offset: this.size, note };
  }

  restart(): { readonly offset: 0; readonly note: undefined } {
    rmSync(this.path, { force: true });
    rmSync(`${this.path}.json`, { force: true });
    return { offset: 0, note: undefined };
  }

  /** Opens for appending after the note is written: bytes are never stored without their note. */
  open(note: Note, fresh: boolean): number {
    if (fresh) this.restart();
    writeFileSync(`${this.path}.json`, JSON.stringify(note));
    return openSync(this.path, 'a');
  }

  close(handle: number): void {
    closeSync(handle);
  }

  get size(): number {
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The bytes are all here and checked: they become the file. */
  complete(): void {
    renameSync(this.path, this.#file);
    rmSync(`${this.path}.json`, { force: true });
  }

  #readNote(): Note | undefined {
    let text: string;
    try {
      text = readFileSync(`${this.path}.json`, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    return parseNote(text);
  }
}

/** A note that was cut short by a crash counts as none. */
function parseNote(text: string): Note | undefined {
  try {
    const { url, validator, total, md5 } = JSON.parse(text) as Note;
    return typeof url === 'string' ? { url, validator, total, md5 } : undefined;
  } catch {
    return undefined;
  }
}
