/** Logs of executions: the newest of each item that counts stays, the others go first when there is too much. */
import path from 'node:path';
import { allPids, outputsOf } from '../../sys/proc.js';
import { lstatIfThere } from '../files/look.js';
import { namesIn } from '../files/scratch.js';
import { roomOf } from '../files/sparse.js';
import { type Layout, realOrSame } from '../layout.js';
import { itemFileName, projectName } from '../records/names.js';

export interface StoredLog {
  readonly file: string;
  /** The name of its folder, which stands for the item. */
  readonly folder: string;
  readonly bytes: number;
  /** When it was written to last, in milliseconds since 1970. */
  readonly written: number;
  /** The item's last one. */
  readonly isNewest: boolean;
}

/** All logs, the first that goes first: those that a later one has followed, then the oldest. */
export function storedLogs({ logs }: Layout): StoredLog[] {
  const found = namesIn(logs).flatMap((folder) => logsIn(path.join(logs, folder), folder));
  return found.sort((a, b) => Number(a.isNewest) - Number(b.isNewest) || a.written - b.written);
}

function logsIn(absolute: string, folder: string): StoredLog[] {
  if (lstatIfThere(absolute)?.isDirectory() !== true) return [];
  const found: Omit<StoredLog, 'isNewest'>[] = [];
  const newest = new Map<boolean, string>();
  // Their names are times; those of `pipe verify` are a kind of their own.
  for (const name of namesIn(absolute).sort()) {
    const file = path.join(absolute, name);
    const stat = lstatIfThere(file);
    if (!name.endsWith('.log') || stat?.isFile() !== true) continue;
    newest.set(name.startsWith('verify-'), file);
    found.push({ file, folder, bytes: roomOf(stat), written: stat.mtimeMs });
  }
  const last = new Set(newest.values());
  return found.map((each) => ({ ...each, isNewest: last.has(each.file) }));
}

/** Those among the logs that may not go, whatever the size. */
export class NeededLogs {
  readonly #logs: string;
  readonly #folders: ReadonlySet<string>;
  /** Files that processes here write their output to; read when first asked for. */
  #open: ReadonlySet<string> | undefined;
  /** Names of the files that stand for items, by the folder that notes them. */
  readonly #noted: ReadonlySet<string>;

  /** `folders`: of the items of today's pipeline. `projects`: folders of those that still count. */
  constructor(layout: Layout, folders: Iterable<string>, projects: readonly string[]) {
    this.#logs = realOrSame(layout.logs);
    this.#folders = new Set(folders);
    const own = projectName(layout);
    this.#noted = new Set(
      projects.flatMap((folder) => [
        // The last execution has failed.
        ...namesIn(path.join(folder, 'attempts')),
        // What another project's pipeline holds today is not known here.
        ...(path.basename(folder) === own ? [] : namesIn(path.join(folder, 'items'))),
      ]),
    );
  }

  has({ file, folder, isNewest }: StoredLog): boolean {
    const isItems = this.#folders.has(folder) || this.#noted.has(itemFileName(itemOf(folder)));
    if (isNewest && isItems) return true;
    // A process that outlived its run is found by the log that it writes to.
    this.#open ??= new Set(allPids().flatMap(outputsOf));
    return this.#open.has(path.join(this.#logs, folder, path.basename(file)));
  }
}

/** The item that a log folder is named after; of a long name, which ends in a hash, another text. */
export function itemOf(folder: string): string {
  try {
    return decodeURIComponent(folder);
  } catch {
    return folder; // No pipe has named it.
  }
}
