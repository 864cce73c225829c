/** Mtime granularity of file systems: within one tick, two writes leave the same times. */
import type { Stats } from 'node:fs';

/** File systems with sub-millisecond times take them from the kernel tick, up to 10 ms. */
const FINE_MS = 12;
/** FAT has a granularity of two seconds, older systems of one. */
const COARSE_MS = 2_100;

/** Uses ctime, which no program can set. A ctime that happens to be a whole millisecond only costs time. */
function clockTick({ ctimeMs }: Stats): number {
  return Number.isInteger(ctimeMs) ? COARSE_MS : FINE_MS;
}

/** Earlier than any time: with an unreadable clock, no file is old and none is settled. */
export const NEVER = Number.NEGATIVE_INFINITY;

export interface Clock {
  /**
   * The file system's time at a moment of performance.now(), or an earlier time. `NEVER` if it
   * cannot be read.
   */
  timeAt(dev: number, moment: number): number;
}

/** Compares all that a stat shows. */
export function looksSame(a: Stats, b: Stats): boolean {
  return a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.size === b.size && a.ino === b.ino;
}

/** Time after which a written file is settled. The clock is read from a file too, so it may lag by a tick. */
export function settlingTime(stat: Stats): number {
  return clockTick(stat) + FINE_MS;
}

/** From this time on, another write changes the stat. By the clock of the file's file system. */
export function settlesAt(stat: Stats): number {
  return Math.max(stat.mtimeMs, stat.ctimeMs) + clockTick(stat);
}

/**
 * True when any write after `started` (by the clock of the file's file system) changes the file's
 * times. Otherwise the file is "racily clean", as git calls it.
 */
export function isSettled(stat: Stats, started: number): boolean {
  return settlesAt(stat) < started;
}
