/**
 * Handles files that a process may have mapped into memory. A store to a page that is not written
 * back yet does not change the file's times, so an earlier stat would still match. Once the page is
 * on disk, the next store changes the times.
 */
import { fsyncSync, type Stats } from 'node:fs';
import { unlessFailed } from '../../sys/if-there.js';
import { withFile } from '../../sys/open-file.js';
import { READ } from './hash.js';

/** By then the system has written back all stores. */
const WRITE_BACK_MS = 120_000;

/** Above this number, one `sync` of the file system is cheaper than an fsync for each file. */
const MANY = 16;

export class Writeback {
  /** For each file system, the time until which all writes are on disk, in milliseconds since 1970. */
  readonly #until = new Map<number, number>();
  #files = 0;

  /**
   * After this call, a store changes the file's times. False if the file cannot be synced. `now`:
   * by the clock of the file's file system.
   */
  ensure(file: string, { dev, ctimeMs }: Stats, now: number): boolean {
    if (ctimeMs < Math.max(now - WRITE_BACK_MS, this.#until.get(dev) ?? 0)) return true;
    this.#files += 1;
    if (this.#files <= MANY) return syncFile(file);
    if (!syncFileSystem(file)) return syncFile(file);
    this.#until.set(dev, now);
    return true;
  }
}

/** Also false for a file that cannot be opened: the next read reports why. */
function syncFile(file: string): boolean {
  const sync = (handle: number) => {
    fsyncSync(handle);
    return true;
  };
  return unlessFailed(() => withFile(file, READ, sync)) ?? false;
}

/** False if the command or option does not exist. */
function syncFileSystem(file: string): boolean {
  // Lazy load: it loads the network modules, which a no-op run does not need.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  return spawnSync('sync', ['-f', file], { stdio: 'ignore' }).status === 0;
}
