/** Finds out whether a folder can be somewhere, before it is created there. */
import { statfsSync } from 'node:fs';
import path from 'node:path';
import { lstatIfThere, statIfThere } from './if-there.js';

/** Type of the file system of /proc. */
const PROC = 0x9fa0;

/**
 * Why no folder is here and none can be created; undefined when nothing prevents it. In /proc, Node's
 * recursive mkdir never returns.
 */
export function whyNoFolder(absolute: string): string | undefined {
  for (let at = absolute; ; at = path.dirname(at)) {
    const stat = statIfThere(at);
    const what = at === absolute ? 'it' : at;
    if (stat?.isDirectory()) {
      const isProc = process.platform === 'linux' && statfsSync(at).type === PROC;
      return isProc ? 'no folder can be created in /proc' : undefined;
    }
    if (stat !== undefined) return `${what} is not a folder`;
    if (lstatIfThere(at) !== undefined) return `${what} is a broken link`;
  }
}
