/** Finds out whether a folder can be somewhere, before it is created there. */
import { statfsSync } from 'node:fs';
import path from 'node:path';
import { lstatIfThere, statIfThere, unlessAbsent } from './if-there.js';

/** Type of the file system of /proc. */
const PROC = 0x9fa0;

/**
 * Why no folder is here and none can be created; undefined when nothing prevents it. In /proc, Node's
 * recursive mkdir never returns.
 */
export function whyNoFolder(absolute: string): string | undefined {
  for (let at = absolute; ; at = path.dirname(at)) {
    const what = at === absolute ? 'it' : at;
    // Looked at once, since another run may create it meanwhile.
    const itself = lstatIfThere(at);
    if (itself === undefined) continue;
    const stat = itself.isSymbolicLink() ? statIfThere(at) : itself;
    if (stat?.isDirectory()) {
      const isProc =
        process.platform === 'linux' && unlessAbsent(() => statfsSync(at).type) === PROC;
      return isProc ? 'no folder can be created in /proc' : undefined;
    }
    return stat === undefined ? `${what} is a broken link` : `${what} is not a folder`;
  }
}
