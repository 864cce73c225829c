/** Code of a `cmd:` stage: the project's scripts that its command names, and their imports. */
import { addTo } from '../lists.js';
import type { CommandAction } from '../pipeline/plan.js';
import {
  type Declared,
  Found,
  NO_SCRIPTS,
  nameOf,
  type Script,
  type TracedScripts,
} from './found-scripts.js';
import type { FsSnapshot } from './fs-snapshot.js';
import { loadsByPath } from './loaded-files.js';
import { isScript } from './loaders.js';
import { type NamedScripts, NO_NAMED } from './named.js';
import { NamedCommands } from './named-commands.js';
import type { Parsed } from './python/trace-python.js';
import type { TracedScript } from './script-trace.js';
import { StoredTrace, type TraceCache } from './trace-cache.js';

export interface ScriptOptions extends Declared {
  readonly traceCache: TraceCache;
  /** Scripts of earlier commands in this run, to trace each once. */
  readonly known: KnownScripts;
  /** Called before esbuild reads files, because the snapshot does not record those reads. */
  readonly unseen?: () => void;
}

interface KnownScripts {
  readonly traced: Map<string, TracedScript>;
  readonly parsed: Parsed;
  readonly commands: NamedCommands;
  /** What was found for the items whose commands name the same. */
  readonly found: Map<NamedScripts, { readonly found: Found; readonly together: TracedScripts }[]>;
}

export function noScripts(traceCache: TraceCache): KnownScripts {
  const commands = new NamedCommands(traceCache);
  return { traced: new Map(), parsed: new Map(), commands, found: new Map() };
}

/** The scripts of a command; undefined if it or trace inputs changed and a parser is needed. */
export function keptScripts(
  command: CommandAction,
  options: ScriptOptions,
  snapshot: FsSnapshot,
): TracedScripts | undefined {
  const named = options.known.commands.of(command, snapshot);
  const step = named && collected(named, options, snapshot).next();
  return step?.done ? step.value : undefined;
}

/** The scripts of a command; caches their traces. */
export async function traceScripts(
  command: CommandAction,
  options: ScriptOptions,
  snapshot: FsSnapshot,
): Promise<TracedScripts> {
  const named = await options.known.commands.parsed(command, snapshot);
  const steps = collected(named, options, snapshot);
  let step = steps.next();
  while (!step.done) step = steps.next(await traceAndKeep(step.value, options, snapshot));
  return step.value;
}

/** Yields each script that must be traced, and receives its trace. */
function* collected(
  named: NamedScripts,
  options: ScriptOptions,
  snapshot: FsSnapshot,
): Generator<Script, TracedScripts, TracedScript> {
  const { known } = options;
  if (named === NO_NAMED) return NO_SCRIPTS;
  const before = known.found.get(named)?.find((each) => each.found.isSameFor(options));
  if (before !== undefined) return before.together;
  const found = new Found(named, options, snapshot);
  for (let script = found.next(); script !== undefined; script = found.next())
    found.add(script, knownScript(script, options, snapshot) ?? (yield script));
  const together = found.together();
  addTo(known.found, named, { found, together });
  return together;
}

function knownScript(
  script: Script,
  { known, traceCache }: ScriptOptions,
  snapshot: FsSnapshot,
): TracedScript | undefined {
  const name = nameOf(script);
  const traced =
    known.traced.get(name) ??
    plainScript(script, snapshot) ??
    new StoredTrace<TracedScript>(traceCache, snapshot.root, 'script', name).read(snapshot)?.traced;
  if (traced !== undefined) known.traced.set(name, traced);
  return traced;
}

/** For a language that is not traced: only the file. */
function plainScript({ kind, target }: Script, snapshot: FsSnapshot): TracedScript | undefined {
  return kind !== 'script' || isScript(target) || loadsByPath(target)
    ? undefined
    : { files: { [target]: snapshot.hex(target) as string }, importers: {}, packages: {} };
}

async function traceAndKeep(
  script: Script,
  options: ScriptOptions,
  snapshot: FsSnapshot,
): Promise<TracedScript> {
  const { traceCache, known } = options;
  const name = nameOf(script);
  const { retraceScript } = await import('./retrace-script.js');
  const { traced, traceInputs } = await retraceScript(script, options, snapshot);
  known.traced.set(name, traced);
  if (traceInputs !== undefined) {
    const stored = new StoredTrace<TracedScript>(traceCache, snapshot.root, 'script', name);
    stored.write({ traceInputs, traced, opaque: [] });
  }
  return traced;
}
