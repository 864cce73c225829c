/**
 * Files that a process may have mapped into its memory. A store into a page that is not written back
 * yet changes no time of the file, so a stat that was taken before it would pass for unchanged. Once the
 * page is on the disk, the system takes note of the next store again.
 */
import { closeSync, fsyncSync, openSync, type Stats } from 'node:fs';
import { READ } from './hash.js';

/** By then the system has written back whatever was stored. */
const WRITE_BACK_MS = 120_000;

/** Beyond this one `sync` of the file system is cheaper than one for each file. */
const MANY = 16;

export class Writeback {
  /** By file system: until when all that was written is on the disk, in milliseconds since 1970. */
  readonly #until = new Map<number, number>();
  #files = 0;

  /**
   * From here on a store shows in the file's times. False where the file cannot be synced. `now`: by the
   * clock of the file's own file system.
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

/** False also for what cannot be opened: whoever reads it next says why. */
function syncFile(file: string): boolean {
  let handle: number | undefined;
  try {
    handle = openSync(file, READ);
    fsyncSync(handle);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    return false;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** False where there is no such command or option. */
function syncFileSystem(file: string): boolean {
  // Not imported above: it brings the network along, which no run with nothing to do needs.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  return spawnSync('sync', ['-f', file], { stdio: 'ignore' }).status === 0;
}
