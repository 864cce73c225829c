/** Traces one script of a command when it has no valid stored trace. */
import path from 'node:path';
import { isLarge } from '../sys/if-there.js';
import { nameOf, type Script } from './found-scripts.js';
import type { FsSnapshot } from './fs-snapshot.js';
import { loadsByPath } from './loaded-files.js';
import { headOf } from './python/find-interpreter.js';
import type { Launch } from './python/launches.js';
import type { PythonModule } from './python/python-module.js';
import { type Parsed, traceLaunch } from './python/trace-python.js';
import type { ScriptTrace } from './script-trace.js';
import { namesShell, traceSourced } from './sourced.js';
import { StoredTrace, type TraceCache } from './trace-cache.js';

interface Options {
  readonly traceCache: TraceCache;
  readonly known: { readonly parsed: Parsed };
  readonly unseen?: () => void;
}

export async function retraceScript(
  script: Script,
  options: Options,
  snapshot: FsSnapshot,
): Promise<ScriptTrace> {
  if (script.kind !== 'program' && script.kind !== 'script')
    return retraceLaunch(script, options, snapshot);
  // Such as an installer, or a dump of a database.
  if (isLarge(path.join(snapshot.root, script.target))) return untraced(script.target, snapshot);
  if (script.kind === 'program') return traceProgram(script, snapshot);
  if (loadsByPath(script.target)) {
    return traceSourced({ entry: script.target, folder: '', around: {} }, snapshot);
  }
  options.unseen?.();
  const { traceScript } = await import('./script-trace.js');
  return traceScript(snapshot.root, script.target, options.traceCache.timeAt);
}

/** Parses only files that changed since the last trace. */
function retraceLaunch(
  launch: Launch,
  { traceCache, known: { parsed } }: Options,
  snapshot: FsSnapshot,
): ScriptTrace {
  const stored = new StoredTrace(traceCache, snapshot.root, 'script', nameOf(launch));
  for (const [hex, module] of Object.entries(stored.readParsed<PythonModule>()))
    parsed.set(hex, module);
  const trace = traceLaunch(launch, snapshot, parsed);
  const hexes = Object.values(trace.traced.files).filter((hex) => parsed.has(hex));
  stored.writeParsed(Object.fromEntries(hexes.map((hex) => [hex, parsed.get(hex)])));
  return trace;
}

/** A file whose first line names its interpreter (`./fit`): as a shell script, unless something else executes it. */
function traceProgram(
  { target, folder, path: search, variables, within }: Launch,
  snapshot: FsSnapshot,
): ScriptTrace {
  const head = headOf(path.join(snapshot.root, target));
  if (!isForShell(head)) return untraced(target, snapshot);
  const around = { path: search, variables, within };
  return traceSourced({ entry: target, folder, around }, snapshot);
}

/** Counts by its bytes. */
function untraced(target: string, snapshot: FsSnapshot): ScriptTrace {
  const files = { [target]: snapshot.hex(target) as string };
  const traceInputs = { files, absent: [], links: {}, folders: {} };
  return { traced: { files, importers: {}, packages: {} }, traceInputs };
}

/** The shell executes a file without such a line. */
function isForShell(head: string): boolean {
  return head.startsWith('#!') ? namesShell(head) : !head.includes('\0');
}
