/** Files that may not be there: looked at, or given a new time, without an error. */
import { lstatSync, lutimesSync, type Stats } from 'node:fs';
import { codeOf, isAbsent } from './errors.js';

export function lstatIfThere(absolute: string): Stats | undefined {
  try {
    return lstatSync(absolute, { throwIfNoEntry: false });
  } catch (error) {
    // Behind links in a circle there is nothing.
    if (isAbsent(error) || codeOf(error) === 'ELOOP') return undefined;
    throw error;
  }
}

/** Undefined where the system refuses to look: nothing is there, or it may not be read, or its path is too long. */
export function unlessRefused<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/**
 * Sets the file's time; of a link its own. False when it is gone this instant, or another user's. A gc
 * moves a file away, and then reads its time. The time may be set just after that, since the system
 * had found the file before it was moved: so the path is looked at once more.
 */
export function renew(absolute: string, now: Date): boolean {
  try {
    lutimesSync(absolute, now, now);
    return lstatIfThere(absolute) !== undefined;
  } catch (error) {
    if (isAbsent(error) || codeOf(error) === 'EPERM' || codeOf(error) === 'EACCES') return false;
    throw error;
  }
}
