/** Compares a read set with the disk. */
import { readdirSync, type Stats } from 'node:fs';
import { Yielder } from '../cache/files/yielding.js';
import { addTo } from '../lists.js';
import { ignoreRulesById } from '../pipeline/ignored-files.js';
import { lstatIfThere, statIfThere, unlessRefused } from '../sys/if-there.js';
import { columnsOf, type StatColumns, WIDTH } from './answer-file.js';
import type { Listed, ReadLists } from './read-set.js';

/**
 * The first path whose stat changed; yields to the event loop every 10 ms. For a folder, the name
 * that appeared or disappeared in it, if there is one.
 */
export async function firstMoved(project: string, lists: ReadLists): Promise<string | undefined> {
  const { own, behind, above } = lists;
  const folders = new Folders(project, lists);
  return (
    (await moved(project, own, { look: lstatIfThere, differs: looksOtherwise, folders })) ??
    (await moved(project, behind, { look: statIfThere, differs: looksOtherwise, folders })) ??
    (await moved(project, above, { look: statIfThere, differs: isElsewhere }))
  );
}

type Columns = ReturnType<typeof columnsOf>;

interface Comparing {
  readonly look: (path: string) => Stats | undefined;
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
    const now = columnsOf(look(where.startsWith('/') ? where : `${project}/${where}`));
    const at = row * WIDTH;
    const before = [columns[at], columns[at + 1], columns[at + 2], columns[at + 3]] as Columns;
    if (!differs(before, now)) continue;
    const change = folders === undefined ? where : folders.changeAt(where);
    if (change !== where || !folders?.has(where)) {
      if (change !== undefined) return change;
    } else folder ??= where; // A changed file in the folder is more specific, and is checked later.
  }
  return folder;
}

/** The change in a user folder whose stat differs. */
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

  /** The name that appeared in the folder; undefined if ignored names explain the change; else the path. */
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

  /** A recorded path that is gone is reported as such. */
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
  for (const each of listed) addTo(found, each.where, each);
  return found;
}

function looksOtherwise(before: Columns, now: Columns): boolean {
  return now.some((value, column) => value !== before[column]);
}

/**
 * True for a different folder, or one that was renamed and renamed back: that changes only its
 * ctime, while a new or removed entry changes both times.
 */
function isElsewhere([, mtime, ctime, ino]: Columns, now: Columns): boolean {
  const [, mtimeNow, ctimeNow, inoNow] = now;
  return ino !== inoNow || (ctime !== ctimeNow && (mtime === mtimeNow || mtimeNow !== ctimeNow));
}
