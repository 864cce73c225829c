/**
 * Read set of a run: as long as all of it is unchanged, the answer is the same. Deciding code reads
 * the disk through it, so no read is forgotten.
 */
import { type Dirent, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { type Clock, settlesAt, settlingTime } from '../cache/files/mtime-granularity.js';
import { lstatIfThere, statIfThere } from '../sys/if-there.js';
import { realpathIfThere } from '../sys/real-place.js';
import { columnsOf, type StatColumns } from './answer-file.js';

export interface ReadLists {
  /** Paths by lstat. */
  readonly own: StatColumns;
  /** Paths by stat, links followed. */
  readonly behind: StatColumns;
  /**
   * Folders on the way to a path: it matters only that they are the same folders, not what they
   * contain.
   */
  readonly above: StatColumns;
  /** User folders in which some names are ignored. */
  readonly listed: readonly Listed[];
}

/** A user folder, and the names in it that were ignored. */
export interface Listed {
  readonly where: string;
  /** Id of the ignore rules. */
  readonly ignoreRules: string;
  readonly held: readonly (readonly [name: string, ino: number])[];
}

class List implements StatColumns {
  readonly paths: string[] = [];
  readonly columns: number[] = [];

  add(path: string, stat: Stats | undefined): void {
    this.paths.push(path);
    this.columns.push(...columnsOf(stat));
  }
}

/**
 * A decision is a function of its read set: stats of files, as in the stat index; stats of folders,
 * which change when a name appears or disappears; and absent paths.
 */
export class ReadSet {
  readonly clock: Clock;
  readonly #base: string;
  /** In the time of performance.now(). */
  readonly #started = performance.now();
  /** For each file system, the entry that settles last, and how long it takes after it was seen. */
  readonly #last = new Map<number, { readonly settlesAt: number; readonly wait: number }>();
  readonly #own = new List();
  readonly #behind = new List();
  readonly #above = new List();
  readonly #listed: Listed[] = [];
  /** A stat cannot show a change in some of the inputs. */
  #isIncomplete = false;
  #isClosed = false;

  /** `project`: absolute path; the paths are relative to it. */
  constructor(project: string, clock: Clock) {
    this.clock = clock;
    this.#base = `${project}/`;
  }

  /** Paths are absolute, or relative to the project. */
  lstat(where: string): Stats | undefined {
    const stat = lstatIfThere(this.#absolute(where));
    this.recordLstat(where, stat);
    return stat;
  }

  /** Follows links. */
  stat(where: string): Stats | undefined {
    const stat = statIfThere(this.#absolute(where));
    this.recordStat(where, stat);
    return stat;
  }

  /** Records the folder before it is listed, so that a change in between is detected. */
  entries(folder: string): Dirent[] {
    this.stat(folder);
    return this.entriesOfRead(folder);
  }

  /** Entries of a folder whose stat was recorded before. */
  entriesOfRead(folder: string): Dirent[] {
    return readdirSync(this.#absolute(folder), { withFileTypes: true });
  }

  /** Text of a link whose lstat was recorded before. */
  linkText(link: string): string {
    return readlinkSync(this.#absolute(link));
  }

  /** For a path that is scanned, which also records the folders and links on the way. */
  realpath(where: string): string | undefined {
    return realpathIfThere(this.#absolute(where));
  }

  /** Records an lstat of a path; undefined: absent. */
  recordLstat(where: string, stat: Stats | undefined): void {
    this.#note(this.#own, where, stat);
  }

  /** Records a stat of a path, links followed. */
  recordStat(where: string, stat: Stats | undefined): void {
    this.#note(this.#behind, where, stat);
  }

  /** Records a folder on the way to a path, links followed. */
  recordAncestor(where: string, stat: Stats | undefined): void {
    this.#above.add(where, stat);
  }

  /** Records the names in a user folder. */
  listed(listed: Listed): void {
    this.#listed.push(listed);
  }

  /**
   * Marks the read set as incomplete: the decision depends on a link's target, or on a file that
   * other code read.
   */
  markIncomplete(): void {
    this.#isIncomplete = true;
  }

  /** Ends the recording, in a run whose answer is not stored. */
  close(): void {
    this.#isIncomplete = true;
    this.#isClosed = true;
  }

  /** The read set, even if stats could not show every change. */
  get lists(): ReadLists {
    return { own: this.#own, behind: this.#behind, above: this.#above, listed: this.#listed };
  }

  /** False when something was written so recently that another write may leave the same stat. */
  get isSettled(): boolean {
    return this.#unsettled().length === 0;
  }

  /** Milliseconds until any write to the read set changes a stat. */
  get settlesIn(): number {
    return Math.max(0, ...this.#unsettled().map(({ wait }) => wait));
  }

  /** Undefined when stats could not show every change. */
  get all(): ReadLists | undefined {
    return !this.#isIncomplete && this.isSettled ? this.lists : undefined;
  }

  /** Paths written within the clock's last tick: another write may leave the same stat. */
  #unsettled(): { readonly wait: number }[] {
    return [...this.#last]
      .filter(([dev, last]) => last.settlesAt >= this.clock.timeAt(dev, this.#started))
      .map(([, last]) => last);
  }

  #absolute(where: string): string {
    return where.startsWith('/') ? where : this.#base + where;
  }

  #noteLast(stat: Stats): void {
    const at = settlesAt(stat);
    if (at <= (this.#last.get(stat.dev)?.settlesAt ?? 0)) return;
    this.#last.set(stat.dev, { settlesAt: at, wait: settlingTime(stat) });
  }

  #note(list: List, where: string, stat: Stats | undefined): void {
    if (this.#isClosed) return;
    if (stat !== undefined) this.#noteLast(stat);
    list.add(where.startsWith(this.#base) ? where.slice(this.#base.length) : where, stat);
  }
}
