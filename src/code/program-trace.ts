/** Traces a file whose first line names its interpreter: `./fit`, `bash run.sh`. */
import path from 'node:path';
import type { FsSnapshot } from './fs-snapshot.js';
import { headOf } from './python/find-interpreter.js';
import type { Launch } from './python/launches.js';
import type { ScriptTrace } from './script-trace.js';
import { traceSourced } from './sourced.js';

/** Traced as a shell script, unless something else executes it. */
export function traceProgram(
  { target, folder, path: search, variables, within }: Launch,
  snapshot: FsSnapshot,
): ScriptTrace {
  const head = headOf(path.join(snapshot.root, target));
  if (!isForShell(head)) {
    const files = { [target]: snapshot.hex(target) as string };
    const traceInputs = { files, absent: [], links: {}, folders: {} };
    return { traced: { files, importers: {}, packages: {} }, traceInputs };
  }
  const around = { path: search, variables, within };
  return traceSourced({ entry: target, folder, around }, snapshot);
}

/** The shell executes a file without such a line. */
function isForShell(head: string): boolean {
  return head.startsWith('#!') ? /^#!.*\b(?:ba|z|k|da)?sh\b/.test(head) : !head.includes('\0');
}
