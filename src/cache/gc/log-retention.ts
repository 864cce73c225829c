/**
 * Logs in the cache, for gc: it keeps the newest log of each current item, and removes the others
 * first.
 */
import path from 'node:path';
import { lstatIfThere, namesIn } from '../../sys/if-there.js';
import { allPids, outputsOf } from '../../sys/proc.js';
import { realPlace } from '../../sys/real-place.js';
import { roomOf } from '../files/sparse.js';
import type { Layout } from '../layout.js';
import { itemFileName, projectName } from '../records/record-names.js';

export interface StoredLog {
  readonly file: string;
  /** Name of its folder, which identifies the item. */
  readonly folder: string;
  readonly bytes: number;
  /** Last write, in milliseconds since 1970. */
  readonly written: number;
  /** True for the item's last log. */
  readonly isNewest: boolean;
}

/** All logs in eviction order: superseded ones, then the oldest. */
export function storedLogs({ logs }: Layout): StoredLog[] {
  const found = namesIn(logs).flatMap((folder) => logsIn(path.join(logs, folder), folder));
  return found.sort((a, b) => Number(a.isNewest) - Number(b.isNewest) || a.written - b.written);
}

function logsIn(absolute: string, folder: string): StoredLog[] {
  if (lstatIfThere(absolute)?.isDirectory() !== true) return [];
  const found: Omit<StoredLog, 'isNewest'>[] = [];
  const newest = new Map<boolean, string>();
  // Log names are times. Those of `pipe verify` are a separate kind.
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

/** Logs that gc must keep, even above the size limit. */
export class NeededLogs {
  readonly #logs: string;
  readonly #folders: ReadonlySet<string>;
  /** Files that local processes have open for output; read on first use. */
  #open: ReadonlySet<string> | undefined;
  /** File names of items, by the folder that records them. */
  readonly #noted: ReadonlySet<string>;

  /** `folders`: log folders of the current pipeline's items. `projects`: folders of projects that still count. */
  constructor(layout: Layout, folders: Iterable<string>, projects: readonly string[]) {
    this.#logs = realPlace(layout.logs);
    this.#folders = new Set(folders);
    const own = projectName(layout);
    this.#noted = new Set(
      projects.flatMap((folder) => [
        // The last execution failed.
        ...namesIn(path.join(folder, 'attempts')),
        // Another project's current pipeline is unknown here.
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

/** The item of a log folder. A long name ends in a hash, and differs from the item. */
export function itemOf(folder: string): string {
  try {
    return decodeURIComponent(folder);
  } catch {
    return folder; // Pipe did not create this name.
  }
}
