/** What a run looked at before it found that there is nothing to do: while all of it looks the same, so it stays. */
import { lstatSync, type Stats, statSync } from 'node:fs';
import { type Clock, settlesAt, settlingTime } from '../files/clock.js';
import { codeOf, isAbsent } from '../files/errors.js';
import { Pace } from '../files/pace.js';
import { columnsOf, type LookList, WIDTH } from './still-file.js';

export interface LookLists {
  /** A link as itself. */
  readonly own: LookList;
  /** Links followed. */
  readonly behind: LookList;
  /** Folders on the way: what comes and goes in them does not matter, but that they stay in their place. */
  readonly above: LookList;
}

class List implements LookList {
  readonly paths: string[] = [];
  readonly columns: number[] = [];

  add(path: string, stat: Stats | undefined): void {
    this.paths.push(path);
    this.columns.push(...columnsOf(stat));
  }
}

/**
 * A decision is a function of what was looked at: files by their stat, as the stat index has it,
 * folders by theirs, which changes with every name in them, and places where nothing was.
 */
export class Looks {
  readonly clock: Clock;
  readonly #base: string;
  /** By performance.now(). */
  readonly #started = performance.now();
  /** By file system what settles last, and how long that takes after it was seen. */
  readonly #last = new Map<number, { readonly settlesAt: number; readonly wait: number }>();
  readonly #own = new List();
  readonly #behind = new List();
  readonly #above = new List();
  /** No stat tells some of what counted. */
  #isBlurred = false;

  /** `project`: absolute path of what paths are relative to. */
  constructor(project: string, clock: Clock) {
    this.clock = clock;
    this.#base = `${project}/`;
  }

  /** What lies at a path, a link as itself; undefined: nothing. */
  saw(where: string, stat: Stats | undefined): void {
    this.#note(this.#own, where, stat);
  }

  /** What lies at a path, links followed. */
  sawBehind(where: string, stat: Stats | undefined): void {
    this.#note(this.#behind, where, stat);
  }

  /** A folder on the way to what was looked at, links followed. */
  sawAbove(where: string, stat: Stats | undefined): void {
    this.#above.add(where, stat);
  }

  /** Something counted that no stat tells: where a link led, what was read by others. */
  blur(): void {
    this.#isBlurred = true;
  }

  /** What was looked at, whether or not looking again could tell that all of it is the same. */
  get lists(): LookLists {
    return { own: this.#own, behind: this.#behind, above: this.#above };
  }

  /** False when something was written to so recently that another write may leave it looking the same. */
  get isSettled(): boolean {
    return this.#unsettled().length === 0;
  }

  /** Milliseconds after which all that was seen so far looks otherwise when it is written to. */
  get settlesIn(): number {
    return Math.max(0, ...this.#unsettled().map(({ wait }) => wait));
  }

  /** Undefined when looking again could not tell whether anything changed. */
  get all(): LookLists | undefined {
    return !this.#isBlurred && this.isSettled ? this.lists : undefined;
  }

  /** What was written within the clock's tick may be written to once more and look the same. */
  #unsettled(): { readonly wait: number }[] {
    return [...this.#last]
      .filter(([dev, last]) => last.settlesAt >= this.clock.timeAt(dev, this.#started))
      .map(([, last]) => last);
  }

  #noteLast(stat: Stats): void {
    const at = settlesAt(stat);
    if (at <= (this.#last.get(stat.dev)?.settlesAt ?? 0)) return;
    this.#last.set(stat.dev, { settlesAt: at, wait: settlingTime(stat) });
  }

  #note(list: List, where: string, stat: Stats | undefined): void {
    if (stat !== undefined) this.#noteLast(stat);
    list.add(where.startsWith(this.#base) ? where.slice(this.#base.length) : where, stat);
  }
}

/** The first path that does not look as it did; with a turn of the event loop every 10 ms. */
export async function firstMoved(
  project: string,
  { own, behind, above }: LookLists,
): Promise<string | undefined> {
  return (
    (await moved(project, own, lstatSync, looksOtherwise)) ??
    (await moved(project, behind, statSync, looksOtherwise)) ??
    (await moved(project, above, statSync, isElsewhere))
  );
}

type Look = (path: string, options: { readonly throwIfNoEntry: false }) => Stats | undefined;
type Columns = ReturnType<typeof columnsOf>;

async function moved(
  project: string,
  { paths, columns }: LookList,
  look: Look,
  differs: (before: Columns, now: Columns) => boolean,
): Promise<string | undefined> {
  const pace = new Pace();
  for (const [row, where] of paths.entries()) {
    if (pace.due()) await pace.rest();
    const now = columnsOf(lookedAt(where.startsWith('/') ? where : `${project}/${where}`, look));
    const at = row * WIDTH;
    const before = [columns[at], columns[at + 1], columns[at + 2], columns[at + 3]] as Columns;
    if (differs(before, now)) return where;
  }
  return undefined;
}

function looksOtherwise(before: Columns, now: Columns): boolean {
  return now.some((value, column) => value !== before[column]);
}

/**
 * True of a folder that is another one, or that was renamed and put back: that gives it a new time of
 * change alone, while an entry that comes or goes gives it both times.
 */
function isElsewhere([, mtime, ctime, ino]: Columns, now: Columns): boolean {
  const [, mtimeNow, ctimeNow, inoNow] = now;
  return ino !== inoNow || (ctime !== ctimeNow && (mtime === mtimeNow || mtimeNow !== ctimeNow));
}

/** Something above it that is not a folder any more is as good as absence. */
function lookedAt(absolute: string, look: Look): Stats | undefined {
  try {
    return look(absolute, { throwIfNoEntry: false });
  } catch (error) {
    if (isAbsent(error) || codeOf(error) === 'ELOOP') return undefined;
    throw error;
  }
}
