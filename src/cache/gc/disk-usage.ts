/**
 * Disk usage of the cache, without an inventory: the last measured size, plus one line for each
 * change that a process noted. It only decides when to collect, never what to remove.
 */
import { constants, existsSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { textIfThere, unlessFailed } from '../../sys/if-there.js';
import { makeFolder } from '../../sys/make-folder.js';
import { withFile, writeAll } from '../../sys/open-file.js';
import type { CacheContext } from '../files/cache-context.js';
import { bestEffort } from '../files/file-errors.js';
import { writeWhole } from '../files/write-whole.js';
import { finish } from '../files/yielding.js';

/** A killed process leaves at most this many bytes unnoted. */
const NOTE_EVERY = 16 << 20;

/** Days between measurements, which correct what killed processes left unnoted. */
const MEASURE_DAYS = 7;

/** A longer file, after thousands of runs, is replaced by its sum. */
const LONG_TEXT = 64 << 10;

/** If gc could not remove enough, it runs again after this fraction of the limit was stored. */
const MORE = 0.1;

/** Never follows a link that other users may have created. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

interface Noted {
  readonly measured: number;
  readonly day: number;
  /** True if `measured` is the size that gc could not reduce. */
  readonly left: boolean;
  /** Bytes since the measurement. */
  readonly change: number;
}

export class DiskUsage {
  readonly #context: Pick<CacheContext, 'layout' | 'scratch' | 'warn'>;
  readonly #today = Math.floor(Date.now() / 86_400_000);
  #unnoted = 0;
  #grew = false;
  #isNew = false;

  constructor(context: Pick<CacheContext, 'layout' | 'scratch' | 'warn'>) {
    this.#context = context;
  }

  /** Call before anything is created: the size of a new cache is known without a measurement. */
  begin(): void {
    this.#isNew ||= !existsSync(this.#context.layout.home);
  }

  /** Counts bytes that were stored (negative: removed). */
  readonly add = (bytes: number): void => {
    this.#unnoted += bytes;
    this.#grew ||= bytes > 0;
    if (Math.abs(this.#unnoted) >= NOTE_EVERY) this.note();
  };

  /** True when this process has stored anything: only then can the cache have outgrown its limit. */
  get grew(): boolean {
    return this.#grew;
  }

  /** Appends changes that are not noted yet to the file. Lines of several processes never mix. */
  note(): void {
    if (this.#unnoted === 0) return;
    const head = this.#isNew ? `=0 ${this.#today}\n` : '';
    const line = head + changeLine(this.#unnoted);
    this.#unnoted = 0;
    this.#isNew = false;
    bestEffort('the size of the cache is not saved', this.#context.warn, () => this.#append(line));
  }

  /**
   * True if the cache exceeds `limit` and gc can help. If the last gc had to leave more than the
   * limit, this is true only after a tenth of the limit was stored since.
   */
  async isOver(limit: number): Promise<boolean> {
    this.note();
    const { measured, change, left } = this.#read() ?? (await this.#measure());
    const isNews = !left || measured <= limit || change >= limit * MORE;
    return measured + change > limit && isNews;
  }

  /**
   * Sets the size that gc left. Replaces notes from before the gc; notes that others made meanwhile
   * still count.
   */
  setLeft(bytes: number, notedBefore: number): void {
    const left = { measured: bytes, day: this.#today, left: true, change: 0 };
    this.#set(textOf(left), notedBefore);
  }

  /** Current length of the notes. */
  noted(): number {
    return this.#text()?.length ?? 0;
  }

  #append(line: string): void {
    const file = this.#context.layout.size;
    makeFolder(path.dirname(file));
    withFile(file, APPEND, (handle) => writeAll(handle, Buffer.from(line)), 0o666);
  }

  async #measure(): Promise<Noted> {
    const before = this.noted();
    // Loaded here, since few runs measure.
    const { bytesBelow } = await import('./inventory.js');
    const measured = await finish(bytesBelow(this.#context.layout));
    const noted = { measured, day: this.#today, left: false, change: 0 };
    this.#set(textOf(noted), before);
    return noted;
  }

  /** Undefined when the size was never measured, was measured too long ago, or the file is invalid. */
  #read(): Noted | undefined {
    const text = this.#text();
    const noted = text === undefined ? undefined : parse(text);
    if (noted === undefined || Math.abs(this.#today - noted.day) >= MEASURE_DAYS) return undefined;
    if (text !== undefined && text.length > LONG_TEXT) this.#set(textOf(noted), text.length);
    return noted;
  }

  /** Replaces older notes and keeps those that came since. */
  #set(text: string, notedBefore: number): void {
    const since = this.#text()?.slice(notedBefore) ?? '';
    writeWhole(
      this.#context.layout.size,
      [Buffer.from(text + since)],
      this.#context.scratch,
      'atomic',
    );
  }

  #text(): string | undefined {
    return textIfThere(this.#context.layout.size);
  }
}

/** `=<bytes> <day>`, with `left` if gc could not reduce it further; then one line for each change. */
function textOf({ measured, day, left, change }: Noted): string {
  const head = `=${measured} ${day}${left ? ' left' : ''}\n`;
  return change === 0 ? head : head + changeLine(change);
}

function changeLine(bytes: number): string {
  return `${bytes >= 0 ? '+' : ''}${bytes}\n`;
}

function parse(text: string): Noted | undefined {
  const [first = '', ...lines] = text.split('\n');
  const [, measured, day, left] = /^=(\d{1,15}) (\d{1,6})( left)?$/.exec(first) ?? [];
  if (measured === undefined || lines.pop() !== '') return undefined;
  let change = 0;
  for (const line of lines) {
    if (!/^[+-]\d{1,15}$/.test(line)) return undefined;
    change += Number(line);
  }
  return { measured: Number(measured), day: Number(day), left: left !== undefined, change };
}

const LEAST_MAX_SIZE = 10 * 2 ** 30;

/** A quarter of the file system, at least 10 GiB. */
export function defaultMaxSize(folder: string): number {
  // The folder may not exist, or its size be unknown.
  const { blocks, bsize } = unlessFailed(() => statfsSync(folder)) ?? { blocks: 0, bsize: 0 };
  return Math.max(LEAST_MAX_SIZE, Math.floor((blocks * bsize) / 4));
}
