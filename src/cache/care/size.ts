/**
 * How large the cache is, without looking at all of it: what was measured last, and what every
 * process has stored and given up since, a line each. It only decides when to collect: whatever it
 * says, nothing is removed but by what gc itself has seen.
 */
import { closeSync, constants, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { bestEffort, isAbsent } from '../files/errors.js';
import { finish } from '../files/pace.js';
import type { Scratch } from '../files/scratch.js';
import { writeWhole } from '../files/sealed-file.js';
import { writeAll } from '../files/write.js';
import type { Layout } from '../layout.js';
import { bytesBelow } from './inventory.js';

/** A process that is killed forgets to note less than this. */
const NOTE_EVERY = 16 << 20;

/** What killed processes left out comes to light after so many days. */
const MEASURE_DAYS = 7;

/** Of more text the sum is written: thousands of runs. */
const LONG_TEXT = 64 << 10;

/** When nothing could be removed, it is tried again after so much more was stored. */
const MORE = 0.1;

/** Never through a link that others may have put there. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

interface Noted {
  /** At the last measuring. */
  readonly measured: number;
  readonly day: number;
  /** It is what gc had to leave. */
  readonly left: boolean;
  /** Since then. */
  readonly change: number;
}

export class Size {
  readonly #layout: Layout;
  readonly #scratch: Scratch;
  readonly #warn: (message: string) => void;
  readonly #today = Math.floor(Date.now() / 86_400_000);
  #unnoted = 0;
  #grew = false;

  constructor(layout: Layout, scratch: Scratch, warn: (message: string) => void) {
    this.#layout = layout;
    this.#scratch = scratch;
    this.#warn = warn;
  }

  /** Bytes that were stored; negative: given up. */
  readonly add = (bytes: number): void => {
    this.#unnoted += bytes;
    this.#grew ||= bytes > 0;
    if (Math.abs(this.#unnoted) >= NOTE_EVERY) this.note();
  };

  /** True when this process has stored anything: only then is it worth asking for more. */
  get grew(): boolean {
    return this.#grew;
  }

  /** Adds what is not noted yet to the file. Lines of several processes never mix. */
  note(): void {
    if (this.#unnoted === 0) return;
    const line = changeLine(this.#unnoted);
    this.#unnoted = 0;
    bestEffort('the size of the cache is not noted', this.#warn, () => this.#append(line));
  }

  /**
   * True when there is more than `limit`, and collecting may help: when gc had to leave more than
   * that the last time, a tenth of the limit has to come first.
   */
  async isOver(limit: number): Promise<boolean> {
    this.note();
    const { measured, change, left } = this.#read() ?? (await this.#measure());
    const isNews = !left || measured <= limit || change >= limit * MORE;
    return measured + change > limit && isNews;
  }

  /** What gc left, whatever was noted before it began; what others noted meanwhile still counts. */
  setLeft(bytes: number, notedBefore: number): void {
    const left = { measured: bytes, day: this.#today, left: true, change: 0 };
    this.#set(textOf(left), notedBefore);
  }

  /** How much text is noted now. */
  noted(): number {
    return this.#text()?.length ?? 0;
  }

  #append(line: string): void {
    const file = this.#layout.size;
    mkdirSync(path.dirname(file), { recursive: true });
    const handle = openSync(file, APPEND, 0o666);
    try {
      writeAll(handle, Buffer.from(line));
    } finally {
      closeSync(handle);
    }
  }

  async #measure(): Promise<Noted> {
    const before = this.noted();
    const measured = await finish(bytesBelow(this.#layout));
    const noted = { measured, day: this.#today, left: false, change: 0 };
    this.#set(textOf(noted), before);
    return noted;
  }

  /** Undefined when it was never measured, too long ago, or when the file holds anything else. */
  #read(): Noted | undefined {
    const text = this.#text();
    const noted = text === undefined ? undefined : parse(text);
    if (noted === undefined || Math.abs(this.#today - noted.day) >= MEASURE_DAYS) return undefined;
    if (text !== undefined && text.length > LONG_TEXT) this.#set(textOf(noted), text.length);
    return noted;
  }

  /** Replaces what was noted before; what came since stays. */
  #set(text: string, notedBefore: number): void {
    const since = this.#text()?.slice(notedBefore) ?? '';
    writeWhole(this.#layout.size, [Buffer.from(text + since)], this.#scratch, 'atomic');
  }

  #text(): string | undefined {
    try {
      return readFileSync(this.#layout.size, 'latin1');
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }
}

/** `=<bytes> <day>`, with `left` when it is what gc left; then a line for each change. */
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
