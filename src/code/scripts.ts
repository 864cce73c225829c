/** Code of a `cmd:` stage: the project's scripts that its command names, and their imports. */
import type { Action, Dep, Out } from '../pipeline/plan.js';
import { type FsSnapshot, isFileDigest } from './fs-snapshot.js';
import { isScript } from './loaders.js';
import { type NamedScripts, namedScripts } from './named-scripts.js';
import type { Launch } from './python/launches.js';
import { environmentOf } from './python/programs.js';
import type { PythonModule } from './python/python-module.js';
import type { Parsed } from './python/trace-python.js';
import type { ScriptTrace, TracedScript, Untraced } from './script-trace.js';
import { isSourcing, traceSourced } from './sourced.js';
import {
  readParsed,
  readTrace,
  type TraceCache,
  traceName,
  unknownTime,
  writeParsed,
  writeTrace,
} from './trace-cache.js';

type Command = Exclude<Action, { readonly kind: 'module' }>;

export interface ScriptOptions {
  /** A script that is a declared dep counts as a dep only. */
  readonly deps: readonly Pick<Dep, 'path' | 'glob' | 'made'>[];
  readonly outs: readonly Pick<Out, 'path'>[];
  /** The trace cache; absent: none. */
  readonly traceCache?: TraceCache;
  /** Scripts of earlier commands in this run, to trace each once. */
  readonly known: KnownScripts;
  /** Called before esbuild reads files, since the snapshot does not record those reads. */
  readonly unseen?: () => void;
}

export interface KnownScripts {
  readonly traced: Map<string, TracedScript>;
  readonly parsed: Parsed;
}

export function noScripts(): KnownScripts {
  return { traced: new Map(), parsed: new Map() };
}

export interface TracedScripts {
  /**
   * By path of each script and local import: `f:<SHA-256>` of its bytes, or for Python `py:<SHA-256>`
   * of its code.
   */
  readonly scripts: Readonly<Record<string, string>>;
  /** SHA-256 of the bytes of each file. */
  readonly bytes: Readonly<Record<string, string>>;
  /** For imports: the importing file. */
  readonly importers: Readonly<Record<string, string>>;
  /** Version by name of the packages that JavaScript and TypeScript scripts import. */
  readonly packages: Readonly<Record<string, string>>;
  /** Top-level names that Python files import and that are not local, sorted. */
  readonly external: readonly string[];
  /** Dynamic loads in Python files that pipe cannot follow. */
  readonly opaque: readonly Untraced[];
  /** Names of the stored traces. */
  readonly traces: readonly string[];
}

/** For most commands, which name no script. */
export const NO_SCRIPTS: TracedScripts = {
  scripts: {},
  bytes: {},
  importers: {},
  packages: {},
  external: [],
  opaque: [],
  traces: [],
};

/** A single file that is not traced, a JavaScript or TypeScript file, or a Python launch. */
type Script = { readonly kind: 'script'; readonly target: string } | Launch;

/** The scripts of a command; undefined when a parser is needed because trace inputs changed. */
export function keptScripts(
  command: Command,
  options: ScriptOptions,
  snapshot: FsSnapshot,
): TracedScripts | undefined {
  const named = namedScripts(command);
  if (named.files.length === 0 && named.launches.length === 0) return NO_SCRIPTS;
  const found = new Map<string, TracedScript>();
  const isMade = madeBy(options);
  for (const script of scriptsIn(named, isMade, snapshot)) {
    const traced = knownScript(script, options, snapshot);
    if (traced === undefined) return undefined;
    found.set(nameOf(script), traced);
  }
  return together(found, options, isMade);
}

/** The scripts of a command; caches their traces. */
export async function traceScripts(
  command: Command,
  options: ScriptOptions,
  snapshot: FsSnapshot,
): Promise<TracedScripts> {
  const found = new Map<string, TracedScript>();
  const isMade = madeBy(options);
  for (const script of scriptsIn(namedScripts(command), isMade, snapshot)) {
    const known = knownScript(script, options, snapshot);
    found.set(nameOf(script), known ?? (await traceAndKeep(script, options, snapshot)));
  }
  return together(found, options, isMade);
}

/** Outs are not scripts of the project, whether they exist or not. */
function madeBy({ deps, outs }: ScriptOptions): (file: string) => boolean {
  const made = [...outs, ...deps.filter((dep) => dep.made && !dep.glob)].map(({ path }) => path);
  return (file) => made.some((each) => isAt(file, each));
}

/** The existing ones. */
function scriptsIn(
  { files, launches }: NamedScripts,
  isMade: (file: string) => boolean,
  snapshot: FsSnapshot,
): readonly Script[] {
  // Its bytes depend on the machine.
  const isOfEnvironment = (file: string) => environmentOf(file, snapshot.exists) !== undefined;
  const isThere = (file: string) =>
    !isMade(file) && !isOfEnvironment(file) && isFileDigest(snapshot.hex(file));
  const scripts = files.map((target) => ({ kind: 'script', target }) as const);
  return [
    ...scripts.filter(({ target }) => isThere(target)),
    ...launches.filter(({ kind, target }) => kind !== 'file' || isThere(target)),
  ];
}

function isAt(file: string, where: string): boolean {
  return file === where || file.startsWith(`${where}/`);
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
    keptScript(name, traceCache, snapshot);
  if (traced !== undefined) known.traced.set(name, traced);
  return traced;
}

/** For Python, includes how it is executed, which determines where imports are looked up. */
function nameOf(script: Script): string {
  return script.kind === 'script' ? script.target : JSON.stringify(script);
}

/** For a language that is not traced: only the file. */
function plainScript({ kind, target }: Script, snapshot: FsSnapshot): TracedScript | undefined {
  return kind !== 'script' || isScript(target) || isSourcing(target)
    ? undefined
    : { files: { [target]: snapshot.hex(target) as string }, importers: {}, packages: {} };
}

function keptScript(name: string, traceCache: TraceCache | undefined, snapshot: FsSnapshot) {
  if (traceCache === undefined) return undefined;
  return readTrace<TracedScript>(
    traceCache,
    traceName(traceCache, snapshot.root, 'script', name),
    snapshot,
  )?.traced;
}

async function traceAndKeep(
  script: Script,
  options: ScriptOptions,
  snapshot: FsSnapshot,
): Promise<TracedScript> {
  const { traceCache, known } = options;
  const name = nameOf(script);
  const { traced, traceInputs } = await traceAnew(script, options, snapshot);
  known.traced.set(name, traced);
  if (traceCache !== undefined && traceInputs !== undefined) {
    writeTrace(traceCache, traceName(traceCache, snapshot.root, 'script', name), {
      traceInputs,
      traced,
      opaque: [],
    });
  }
  return traced;
}

async function traceAnew(
  script: Script,
  options: ScriptOptions,
  snapshot: FsSnapshot,
): Promise<ScriptTrace> {
  if (script.kind !== 'script') return traceLaunchAnew(script, options, snapshot);
  if (isSourcing(script.target)) return traceSourced(script.target, snapshot);
  options.unseen?.();
  const { traceScript } = await import('./script-trace.js');
  return traceScript(snapshot.root, script.target, options.traceCache?.timeAt ?? unknownTime);
}

/** Parses only files that changed since the last trace. */
async function traceLaunchAnew(
  launch: Launch,
  { traceCache, known: { parsed } }: ScriptOptions,
  snapshot: FsSnapshot,
): Promise<ScriptTrace> {
  const { traceLaunch } = await import('./python/trace-python.js');
  const name = traceCache && traceName(traceCache, snapshot.root, 'script', nameOf(launch));
  if (traceCache === undefined || name === undefined) return traceLaunch(launch, snapshot, parsed);
  for (const [hex, module] of Object.entries(readParsed<PythonModule>(traceCache, name)))
    parsed.set(hex, module);
  const trace = traceLaunch(launch, snapshot, parsed);
  const hexes = Object.values(trace.traced.files).filter((hex) => parsed.has(hex));
  writeParsed(traceCache, name, Object.fromEntries(hexes.map((hex) => [hex, parsed.get(hex)])));
  return trace;
}

function together(
  named: ReadonlyMap<string, TracedScript>,
  { deps }: ScriptOptions,
  isMade: (file: string) => boolean,
): TracedScripts {
  if (named.size === 0) return NO_SCRIPTS;
  const found = [...named.values()];
  const declared = deps.filter((dep) => !dep.glob).map((dep) => dep.path);
  const scripts: Record<string, string> = {};
  const bytes: Record<string, string> = {};
  for (const { files, code } of found) {
    for (const file in files) {
      if (isMade(file) || declared.some((each) => isAt(file, each))) continue;
      bytes[file] = files[file] as string;
      const digest = code?.[file];
      // A file that JavaScript imports as text counts by its bytes, whatever its type.
      if (digest === undefined) scripts[file] = `f:${files[file]}`;
      else scripts[file] ??= `py:${digest}`;
    }
  }
  return {
    scripts,
    bytes,
    importers: Object.assign({}, ...found.map((each) => each.importers)),
    packages: Object.assign({}, ...found.map((each) => each.packages)),
    external: [...new Set(found.flatMap((each) => each.external ?? []))].sort(),
    opaque: found.flatMap((each) => each.opaque ?? []),
    traces: [...named.keys()],
  };
}
