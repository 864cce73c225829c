/**
 * Leftovers of failed executions at out paths, by file and stat. The next run that clears the out
 * deletes the unchanged ones. Everything else there is the user's.
 */
import { readdirSync, rmSync, type Stats } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lstatIfThere, unlessFailed } from '../../sys/if-there.js';
import type { CacheContext } from '../files/cache-context.js';
import { bestEffort } from '../files/file-errors.js';
import { isSettled, settlingTime } from '../files/mtime-granularity.js';
import { writeChecksummed } from '../files/write-whole.js';
import { itemFileName } from './record-names.js';
import { readSealed } from './records.js';

/** Project-relative path, then inode, size, mtime and ctime. */
type Row = readonly [string, number, number, number, number];

export class Leftovers {
  readonly #context: CacheContext;
  readonly #state: { readonly folder: string };

  constructor(context: CacheContext, state: { readonly folder: string }) {
    this.#context = context;
    this.#state = state;
  }

  /** Call when no process of the execution runs any more. */
  async note(where: string): Promise<void> {
    const { layout, scratch, warn } = this.#context;
    const now = () => {
      const moment = performance.now();
      return ({ dev }: Stats) => scratch.clocks.timeAt(dev, moment);
    };
    let started = now();
    let stats = [...statsBelow(layout.project, where)];
    const newest = latest(stats);
    // A write within the same clock tick would not change the stat, so this reads it again after
    // the tick.
    if (newest !== undefined && !isSettled(newest, started(newest)) && settlingTime(newest) < 100) {
      await delay(settlingTime(newest));
      started = now();
      stats = [...statsBelow(layout.project, where)];
    }
    const rows = stats
      .filter(([, stat]) => isSettled(stat, started(stat)))
      .map(([file, { ino, size, mtimeMs, ctimeMs }]): Row => [file, ino, size, mtimeMs, ctimeMs]);
    if (rows.length === 0) return;
    bestEffort('leftovers of the execution are not noted', warn, () =>
      writeChecksummed(this.#file(where), rows, scratch, 'expendable'),
    );
  }

  /** Predicate for leftovers at or below the path that have not changed since. */
  of(where: string): (file: string, stat: Stats) => boolean {
    const { scratch, warn } = this.#context;
    const file = this.#file(where);
    scratch.fence.check(path.dirname(file));
    const body = readSealed(file, `the note of what was left at ${where}`, warn);
    const left = new Map((Array.isArray(body) ? (body as Row[]) : []).map((row) => [row[0], row]));
    return (file, { ino, size, mtimeMs, ctimeMs }) => {
      const row = left.get(file);
      return row !== undefined && String(row.slice(1)) === String([ino, size, mtimeMs, ctimeMs]);
    };
  }

  forget(where: string): void {
    const file = this.#file(where);
    this.#context.scratch.fence.check(path.dirname(file));
    rmSync(file, { force: true });
  }

  #file(where: string): string {
    return path.join(this.#state.folder, 'left', itemFileName(where));
  }
}

/** Everything except folders. An entry that cannot be read is not noted, and so not deleted. */
function* statsBelow(project: string, where: string): Generator<readonly [string, Stats]> {
  const absolute = path.join(project, where);
  const stat = unlessFailed(() => lstatIfThere(absolute));
  if (stat === undefined) return;
  if (!stat.isDirectory()) yield [where, stat];
  else
    for (const name of unlessFailed(() => readdirSync(absolute)) ?? [])
      yield* statsBelow(project, `${where}/${name}`);
}

function latest(stats: readonly (readonly [string, Stats])[]): Stats | undefined {
  let newest: Stats | undefined;
  for (const [, stat] of stats) {
    if (newest === undefined || stat.ctimeMs > newest.ctimeMs) newest = stat;
  }
  return newest;
}
