/** Outs index: the outs of records, so that an unchanged record file is not read again. */
import type { Stats } from 'node:fs';
import type { RecordedOut } from './record.js';

interface Entry {
  /** Times, inode and size of the record's file. A new file replaces a record; nothing writes to it. */
  readonly stat: readonly [number, number, number, number];
  readonly outs: readonly RecordedOut[];
  /** Day of last use, in days since 1970. */
  day: number;
}

const KEEP_DAYS = 30;

export class OutsIndex {
  readonly #entries: Map<string, Entry>;
  readonly #today = Math.floor(Date.now() / 86_400_000);
  #dirty = false;

  /** `body`: the result of `encode`; anything else is ignored. */
  constructor(body: unknown) {
    const known = (body as { format?: unknown; entries?: unknown } | undefined) ?? {};
    const entries = known.format === 1 ? (known.entries as [string, Entry][]) : [];
    this.#entries = new Map(entries);
  }

  /** Undefined if the record must be read. */
  outs(key: string, stat: Stats): readonly RecordedOut[] | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const [mtime, ctime, ino, size] = entry.stat;
    const same =
      mtime === stat.mtimeMs && ctime === stat.ctimeMs && ino === stat.ino && size === stat.size;
    if (!same) return undefined;
    // The day only serves pruning, so a change of it alone causes a write at most once a week.
    if (this.#today - entry.day > 7) {
      entry.day = this.#today;
      this.#dirty = true;
    }
    return entry.outs;
  }

  /** `stat` was taken before the record was read. */
  note(key: string, { mtimeMs, ctimeMs, ino, size }: Stats, outs: readonly RecordedOut[]): void {
    this.#entries.set(key, { stat: [mtimeMs, ctimeMs, ino, size], outs, day: this.#today });
    this.#dirty = true;
  }

  get dirty(): boolean {
    return this.#dirty;
  }

  encode(): unknown {
    const oldest = this.#today - KEEP_DAYS;
    return { format: 1, entries: [...this.#entries].filter(([, entry]) => entry.day >= oldest) };
  }
}
