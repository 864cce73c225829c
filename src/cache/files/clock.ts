/** How fine the times of a file system are: within one tick two writes look the same. */
import type { Stats } from 'node:fs';

/** File systems with fractions of milliseconds take them from the kernel's tick of up to 10 ms. */
const FINE_MS = 20;
/** FAT counts in two seconds, older systems in one. */
const COARSE_MS = 2_100;

/** By the time that no program can set. A whole millisecond by chance only costs a little time. */
export function clockTick({ ctimeMs }: Stats): number {
  return Number.isInteger(ctimeMs) ? COARSE_MS : FINE_MS;
}

/** As far as a stat tells. */
export function looksSame(a: Stats, b: Stats): boolean {
  return a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.size === b.size && a.ino === b.ino;
}

/** Any write after `started` gives the file a time that differs from the one it has. */
export function isSettled(stat: Stats, started: number): boolean {
  return Math.max(stat.mtimeMs, stat.ctimeMs) < started - clockTick(stat);
}
