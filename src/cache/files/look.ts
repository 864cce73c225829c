/** Stat and touch of files that may not exist, without an error. */
import { lstatSync, lutimesSync, type Stats } from 'node:fs';
import { codeOf, isAbsent } from './file-errors.js';

export function lstatIfThere(absolute: string): Stats | undefined {
  try {
    return lstatSync(absolute, { throwIfNoEntry: false });
  } catch (error) {
    // A circle of links leads nowhere.
    if (isAbsent(error) || codeOf(error) === 'ELOOP') return undefined;
    throw error;
  }
}

/** Undefined where the system refuses: nothing is there, permission is missing, or the path is too long. */
export function unlessRefused<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/**
 * Sets the mtime; of a link, its own. False when the file has just disappeared or belongs to another
 * user. Gc moves a file away and then reads its time. The time may be set just after that, since the
 * system resolved the path before the move: so the path is checked once more.
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
