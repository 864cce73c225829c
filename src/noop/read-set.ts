/** Read set of a no-op run: as long as all of it is unchanged, the answer is the same. */
import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { codeOf, isAbsent } from '../cache/files/file-errors.js';
import { lstatIfThere, unlessRefused } from '../cache/files/look.js';
import { type Clock, settlesAt, settlingTime } from '../cache/files/mtime-granularity.js';
import { Yielder } from '../cache/files/yielding.js';
import { ignoreRulesById } from '../pipeline/ignored-files.js';
import { columnsOf, type StatColumns, WIDTH } from './answer-file.js';

export interface ReadLists {
  /** Paths by lstat. */
  readonly own: StatColumns;
  /** Paths by stat, links followed. */
  readonly behind: StatColumns;
  /** Folders on the way: their entries do not count, only that they stay in place. */
  readonly above: StatColumns;
  /** User folders in which some names do not count. */
  readonly listed: readonly Listed[];
}

/** A user folder, and the names in it that were ignored. */
interface Listed {
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
 * A decision is a function of its read set: stats of files, as in the stat index, stats of folders,
 * which change with every name in them, and absent paths.
 */
export class ReadSet {
  readonly clock: Clock;
  readonly #base: string;
  /** By performance.now(). */
  readonly #started = performance.now();
  /** By file system, the entry that settles last, and how long that takes after it was seen. */
  readonly #last = new Map<number, { readonly settlesAt: number; readonly wait: number }>();
  readonly #own = new List();
  readonly #behind = new List();
  readonly #above = new List();
  readonly #listed: Listed[] = [];
  /** A stat cannot show a change in some of the inputs. */
  #isIncomplete = false;

  /** `project`: absolute path; the paths are relative to it. */
  constructor(project: string, clock: Clock) {
    this.clock = clock;
    this.#base = `${project}/`;
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

  /** Marks the read set as incomplete: a link's target or a file that others read counted. */
  markIncomplete(): void {
    this.#isIncomplete = true;
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

  /** Paths written within the clock's tick: another write may leave the same stat. */
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
 * The first path whose stat changed; yields to the event loop every 10 ms. For a folder, the name in
 * it that came or went, if there is one.
 */
export async function firstMoved(project: string, lists: ReadLists): Promise<string | undefined> {
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
  { paths, columns }: StatColumns,
  { look, differs, folders }: Comparing,
): Promise<string | undefined> {
  const pace = new Yielder();
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
    } else folder ??= where; // A changed file in the folder is more specific, and comes later.
  }
  return folder;
}

/** What changed in user folders whose stat differs. */
class Folders {
  readonly #project: string;
  readonly #lists: ReadLists;
  #noted: ReadonlySet<string> | undefined;
  #listed: ReadonlyMap<string, readonly Listed[]> | undefined;

  constructor(project: string, lists: ReadLists) {
    this.#project = project;
    this.#lists = lists;
  }

  has(where: string): boolean {
    return this.#all(where).length > 0;
  }

  /** The name that came into the folder; undefined when ignored names explain the change; else the path. */
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

  /** A noted path that is gone shows by itself. */
  #change({ where, ignoreRules, held }: Listed, names: readonly string[]): string | undefined {
    this.#noted ??= new Set(this.#lists.own.paths);
    const inodes = new Map(held);
    let explains = false;
    for (const name of names) {
      const inner = `${where}/${name}`;
      if (this.#noted.has(inner)) continue;
      const stat = lstatIfThere(`${this.#project}/${inner}`);
      if (!ignoreRulesById(ignoreRules).holdsBack(inner, () => stat?.isDirectory() ?? false))
        return inner;
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

/** A folder is listed once for each dep that contains it. */
function byFolder(listed: ReadLists['listed']): ReadonlyMap<string, readonly Listed[]> {
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
 * True of a different folder, or one renamed and put back: that changes only its ctime, while an
 * entry that comes or goes changes both times.
 */
function isElsewhere([, mtime, ctime, ino]: Columns, now: Columns): boolean {
  const [, mtimeNow, ctimeNow, inoNow] = now;
  return ino !== inoNow || (ctime !== ctimeNow && (mtime === mtimeNow || mtimeNow !== ctimeNow));
}

/** A parent that is no longer a folder counts as absence. */
function lookedAt(absolute: string, look: Comparing['look']): Stats | undefined {
  try {
    return look(absolute, { throwIfNoEntry: false });
  } catch (error) {
    if (isAbsent(error) || codeOf(error) === 'ELOOP') return undefined;
    throw error;
  }
}
