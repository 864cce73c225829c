/** What a run looked at before it found that there is nothing to do: while all of it looks the same, so it stays. */
import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { sieveById } from '../../pipeline/sieve.js';
import { type Clock, settlesAt, settlingTime } from '../files/clock.js';
import { codeOf, isAbsent } from '../files/errors.js';
import { lstatIfThere, unlessRefused } from '../files/look.js';
import { Pace } from '../files/pace.js';
import { columnsOf, type LookList, WIDTH } from './still-file.js';

export interface LookLists {
  /** A link as itself. */
  readonly own: LookList;
  /** Links followed. */
  readonly behind: LookList;
  /** Folders on the way: what comes and goes in them does not matter, but that they stay in their place. */
  readonly above: LookList;
  /** Folders of the user's in which not every name counts. */
  readonly listed: readonly Listed[];
}

/** A folder, and what its sieve held back. */
export interface Listed {
  readonly where: string;
  /** Its id. */
  readonly sieve: string;
  readonly held: readonly (readonly [name: string, ino: number])[];
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
  readonly #listed: Listed[] = [];
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

  /** Names in a folder of the user's. */
  listed(listed: Listed): void {
    this.#listed.push(listed);
  }

  /** Something counted that no stat tells: where a link led, what was read by others. */
  blur(): void {
    this.#isBlurred = true;
  }

  /** What was looked at, whether or not looking again could tell that all of it is the same. */
  get lists(): LookLists {
    return { own: this.#own, behind: this.#behind, above: this.#above, listed: this.#listed };
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

/**
 * The first path that does not look as it did; with a turn of the event loop every 10 ms. Of a folder
 * the name in it that came or went, where there is one.
 */
export async function firstMoved(project: string, lists: LookLists): Promise<string | undefined> {
  const { own, behind, above } = lists;
  const folders = new Folders(project, lists);
  return (
    (await moved(project, own, { look: lstatSync, differs: looksOtherwise, folders })) ??
    (await moved(project, behind, { look: statSync, differs: looksOtherwise, folders })) ??
    (await moved(project, above, { look: statSync, differs: isElsewhere }))
  );
}

type Columns = ReturnType<typeof columnsOf>;

interface Comparing {
  readonly look: (path: string, options: { readonly throwIfNoEntry: false }) => Stats | undefined;
  readonly differs: (before: Columns, now: Columns) => boolean;
  readonly folders?: Folders;
}

async function moved(
  project: string,
  { paths, columns }: LookList,
  { look, differs, folders }: Comparing,
): Promise<string | undefined> {
  const pace = new Pace();
  let folder: string | undefined;
  for (const [row, where] of paths.entries()) {
    if (pace.due()) await pace.rest();
    const now = columnsOf(lookedAt(where.startsWith('/') ? where : `${project}/${where}`, look));
    const at = row * WIDTH;
    const before = [columns[at], columns[at + 1], columns[at + 2], columns[at + 3]] as Columns;
    if (!differs(before, now)) continue;
    const change = folders === undefined ? where : folders.changeAt(where);
    if (change !== where || !folders?.has(where)) {
      if (change !== undefined) return change;
    } else folder ??= where; // A file in it says more, and comes after it.
  }
  return folder;
}

/** What became of folders of the user's that do not look as they did. */
class Folders {
  readonly #project: string;
  readonly #lists: LookLists;
  #noted: ReadonlySet<string> | undefined;
  #listed: ReadonlyMap<string, readonly Listed[]> | undefined;

  constructor(project: string, lists: LookLists) {
    this.#project = project;
    this.#lists = lists;
  }

  has(where: string): boolean {
    return this.#all(where).length > 0;
  }

  /** A name that came into the folder; undefined, when what does not count explains it; else the path. */
  changeAt(where: string): string | undefined {
    const absolute = `${this.#project}/${where}`;
    const names = this.has(where) ? unlessRefused(() => readdirSync(absolute)) : undefined;
    if (names === undefined) return where;
    let change: string | undefined;
    for (const listed of this.#all(where)) {
      change = this.#change(listed, names) ?? change;
      if (change !== undefined && change !== where) return change;
    }
    return change;
  }

  /** What was noted and is gone shows by itself. */
  #change({ where, sieve, held }: Listed, names: readonly string[]): string | undefined {
    this.#noted ??= new Set(this.#lists.own.paths);
    const inodes = new Map(held);
    let explains = false;
    for (const name of names) {
      const inner = `${where}/${name}`;
      if (this.#noted.has(inner)) continue;
      const stat = lstatIfThere(`${this.#project}/${inner}`);
      if (!sieveById(sieve).holdsBack(inner, () => stat?.isDirectory() ?? false)) return inner;
      explains ||= inodes.get(name) !== stat?.ino;
      inodes.delete(name);
    }
    return explains || inodes.size > 0 ? undefined : where;
  }

  #all(where: string): readonly Listed[] {
    this.#listed ??= byFolder(this.#lists.listed);
    return this.#listed.get(where) ?? [];
  }
}

/** A folder is listed once for each dep that it belongs to. */
function byFolder(listed: LookLists['listed']): ReadonlyMap<string, readonly Listed[]> {
  const found = new Map<string, Listed[]>();
  for (const each of listed) {
    const others = found.get(each.where);
    if (others === undefined) found.set(each.where, [each]);
    else others.push(each);
  }
  return found;
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
function lookedAt(absolute: string, look: Comparing['look']): Stats | undefined {
  try {
    return look(absolute, { throwIfNoEntry: false });
  } catch (error) {
    if (isAbsent(error) || codeOf(error) === 'ELOOP') return undefined;
    throw error;
  }
}
