/** The stat index: the digest that a file had at a given stat. It only saves time; deleting it is safe. */
import { readFileSync, type Stats } from 'node:fs';
import { uptime } from 'node:os';
import { bootId } from '../../sys/proc.js';
import { isAbsent, reasonOf } from '../files/file-errors.js';
import { fileKind, KIND, Rows } from './rows.js';
import { decodeIndex, encodeIndex, type IndexTables, type LooseRow } from './stat-index-file.js';

/** Days after which unused rows are dropped when the index is written. */
const KEEP_DAYS = 30;

/** A power failure this soon after a write may have lost the bytes but not the times. */
const WRITE_BACK_MS = 120_000;

/**
 * Invariant: a row's digest was read from the file at a time when its timestamps were older than
 * the clock's granularity. So any later write changes the size, mtime, ctime or inode.
 */
export class StatIndex {
  readonly #file: string;
  readonly #warn: (message: string) => void;
  readonly #boot: string;
  readonly #today = Math.floor(Date.now() / 86_400_000);
  #tables: IndexTables | undefined;
  /** Rows changed after this time are not used, because the machine has crashed or restarted since. */
  #distrustAfter = Number.POSITIVE_INFINITY;
  #dirty = false;

  /** `boot`: boot id of this machine; empty if the system has none. */
  constructor(file: string, warn: (message: string) => void, boot = bootId()) {
    this.#file = file;
    this.#warn = warn;
    this.#boot = boot;
  }

  /** The rows of a directory; the first call reads them from disk. */
  directory(path: string): Rows | undefined {
    const rows = this.#load().directories.get(path);
    if (rows !== undefined && rows.day !== this.#today) this.#use(rows);
    return rows;
  }

  /** Rows for a directory that lists these names, with everything known about them. */
  shaped(path: string, names: readonly string[]): Rows {
    const old = this.directory(path);
    if (old !== undefined && sameNames(old.names, names)) return old;
    const rows = old?.reshaped(names, this.#today) ?? new Rows(names, this.#today);
    this.#load().directories.set(path, rows);
    this.#dirty = true;
    return rows;
  }

  /** The digest's hex of a single file, if its stat is unchanged. */
  looseHex(path: string, stat: Stats): string | undefined {
    const row = this.#load().loose.get(path);
    if (row === undefined || !looksLike(row, stat) || !this.isTrusted(stat)) return undefined;
    if (row.day !== this.#today) this.#use(row);
    return row.hex;
  }

  setLoose(path: string, stat: Stats, hex: string): void {
    const { size, mtimeMs: mtime, ctimeMs: ctime, ino } = stat;
    const row = { kind: fileKind(stat), size, mtime, ctime, ino, hex, day: this.#today };
    this.#load().loose.set(path, row);
    this.#dirty = true;
  }

  /** True if a digest of the file is known, even for another stat. */
  knowsLoose(path: string): boolean {
    return this.#load().loose.has(path);
  }

  /** For a file just written, whose digest cannot be remembered yet. */
  dropLoose(path: string): void {
    if (this.#load().loose.delete(path)) this.#dirty = true;
  }

  /** False for a file written shortly before the machine crashed or restarted. */
  isTrusted(stat: Stats): boolean {
    return stat.ctimeMs <= this.#distrustAfter;
  }

  /** A row was changed in place. */
  touch(): void {
    this.#dirty = true;
  }

  get dirty(): boolean {
    return this.#dirty;
  }

  /**
   * The index as one file, without rows unused for a month. `savedAt`: not later than the clock of
   * any of the files' file systems.
   */
  encode(savedAt: number): Uint8Array[] {
    const { directories, loose } = this.#load();
    const oldest = this.#today - KEEP_DAYS;
    for (const [path, rows] of directories) if (rows.day < oldest) directories.delete(path);
    for (const [path, row] of loose) if (row.day < oldest) loose.delete(path);
    return encodeIndex({ directories, loose, savedAt, boot: this.#boot });
  }

  saved(): void {
    this.#dirty = false;
  }

  /** The day only serves pruning, so a change of it alone causes a write at most once a week. */
  #use(row: { day: number }): void {
    if (this.#today - row.day > 7) this.#dirty = true;
    row.day = this.#today;
  }

  #load(): IndexTables {
    this.#tables ??= this.#read();
    return this.#tables;
  }

  /** Without a boot id, compares times. */
  #isOfThisBoot({ boot, savedAt }: IndexTables): boolean {
    if (boot !== '' || this.#boot !== '') return boot === this.#boot;
    return savedAt >= Date.now() - uptime() * 1000;
  }

  #read(): IndexTables {
    const empty: IndexTables = { directories: new Map(), loose: new Map(), savedAt: 0, boot: '' };
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#file);
    } catch (error) {
      if (!isAbsent(error)) {
        this.#warn(`the stat index cannot be read (${reasonOf(error)}): files are hashed again`);
      }
      return empty;
    }
    const tables = decodeIndex(bytes);
    if (tables === undefined) {
      this.#warn('the stat index is damaged or from another version: files are hashed again');
      return empty;
    }
    if (!this.#isOfThisBoot(tables)) this.#distrustAfter = tables.savedAt - WRITE_BACK_MS;
    return tables;
  }
}

function looksLike(row: LooseRow, stat: Stats): boolean {
  return (
    row.kind !== KIND.none &&
    row.mtime === stat.mtimeMs &&
    row.ctime === stat.ctimeMs &&
    row.size === stat.size &&
    row.ino === stat.ino &&
    row.kind === fileKind(stat)
  );
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
