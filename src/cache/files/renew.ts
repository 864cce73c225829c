/** Renews the time of a file that another process may remove at the same moment. */
import { lutimesSync } from 'node:fs';
import { lstatIfThere } from '../../sys/if-there.js';
import { codeOf, isAbsent } from './file-errors.js';

/**
 * Sets the mtime; of a link, the link's own. False if the file has just disappeared or belongs to
 * another user. Gc moves a file away and then reads its time. The time may be set just after that,
 * because the system resolved the path before the move. So this checks the path once more.
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
