/** How fine the times of a file system are: within one tick two writes look the same. */
import type { Stats } from 'node:fs';

/** File systems with fractions of milliseconds take them from the kernel's tick of up to 10 ms. */
const FINE_MS = 12;
/** FAT counts in two seconds, older systems in one. */
const COARSE_MS = 2_100;

/** By the time that no program can set. A whole millisecond by chance only costs a little time. */
export function clockTick({ ctimeMs }: Stats): number {
  return Number.isInteger(ctimeMs) ? COARSE_MS : FINE_MS;
}

/** Earlier than any time: by a clock that cannot be read nothing is old, and nothing is settled. */
export const NEVER = Number.NEGATIVE_INFINITY;

/** Clocks of file systems. */
export interface Clock {
  /**
   * What the clock of a file system said at a moment of performance.now(); never later than that.
   * `NEVER` when it cannot be read.
   */
  timeAt(dev: number, moment: number): number;
}

/** As far as a stat tells. */
export function looksSame(a: Stats, b: Stats): boolean {
  return a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.size === b.size && a.ino === b.ino;
}

/**
 * So long after a write has been seen, the file is settled. The clock is read by a file too, so that it
 * may be a tick behind.
 */
export function settlingTime(stat: Stats): number {
  return clockTick(stat) + FINE_MS;
}

/** The time from which on another write shows, by the clock of the file's own file system. */
export function settlesAt(stat: Stats): number {
  return Math.max(stat.mtimeMs, stat.ctimeMs) + clockTick(stat);
}

/** Any write after `started` (by the clock of the file's own file system) gives the file a time that differs from the one it has. */
export function isSettled(stat: Stats, started: number): boolean {
  return settlesAt(stat) < started;
}
