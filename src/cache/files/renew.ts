/** Renews the time of a file that another process may remove at the same moment. */
import { lutimesSync } from 'node:fs';
import { lstatIfThere, unless } from '../../sys/if-there.js';

/**
 * Sets the mtime; of a link, the link's own. False if the file has just disappeared or belongs to
 * another user. Gc moves a file away and then reads its time. The time may be set just after that,
 * because the system resolved the path before the move. So this checks the path once more.
 */
export function renew(absolute: string, now: Date): boolean {
  const stat = unless(['ENOENT', 'ENOTDIR', 'EPERM', 'EACCES'], () => {
    lutimesSync(absolute, now, now);
    return lstatIfThere(absolute);
  });
  return stat !== undefined;
}
