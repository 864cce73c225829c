/** The code of a `cmd:` stage: the script files of the project that its command names, and what those import. */
import type { Action, Dep } from '../pipeline/plan.js';
import {
  readParsed,
  readTrace,
  type Shelf,
  traceName,
  unknownTime,
  writeParsed,
  writeTrace,
} from './kept.js';
import { isScript } from './loaders.js';
import { namedScripts } from './named-scripts.js';
import type { Launch } from './python/launches.js';
import type { PythonModule } from './python/module.js';
import { environmentOf } from './python/programs.js';
import type { Parsed } from './python/trace.js';
import type { ScriptTrace, TracedScript, Untraced } from './script-trace.js';
import { isFileDigest, type Sight } from './sight.js';
import { isSourcing, traceSourced } from './sourced.js';

export type Command = Exclude<Action, { readonly kind: 'module' }>;

export interface ScriptOptions {
  /** What the stage declares counts as that, and not twice. */
  readonly deps: readonly Pick<Dep, 'path' | 'glob' | 'made'>[];
  /** Paths of its outs. */
  readonly outs: readonly string[];
  /** Where traces are kept; absent: they are not. */
  readonly shelf?: Shelf;
  /** What commands of the same run named before: each is traced once. */
  readonly known: KnownScripts;
  /** Is called before esbuild reads files, which the sight then does not see. */
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
   * Digest by path of each script, and of each local file that one imports: `f:<SHA-256>` of its bytes,
   * of a Python file `py:<SHA-256>` of its code.
   */
  readonly scripts: Readonly<Record<string, string>>;
  /** SHA-256 of the bytes of each of them. */
  readonly bytes: Readonly<Record<string, string>>;
  /** For what is imported: the file by which it is reached. */
  readonly importers: Readonly<Record<string, string>>;
  /** Version by name of what JavaScript and TypeScript scripts import. */
  readonly packages: Readonly<Record<string, string>>;
  /** Top-level names that Python files import and that are not local, sorted. */
  readonly external: readonly string[];
  /** What Python files load in ways that cannot be followed. */
  readonly opaque: readonly Untraced[];
}

/** Nothing is named, as in most commands. */
const NONE: TracedScripts = {
  scripts: {},
  bytes: {},
  importers: {},
  packages: {},
  external: [],
  opaque: [],
};

/** A file that counts for itself, a JavaScript or TypeScript file, or what Python executes. */
type Script = { readonly kind: 'script'; readonly target: string } | Launch;

/**
 * The scripts of a command, when that is known without a parser: always for languages that are not
 * traced, for others while nothing that an earlier trace rests on has changed.
 */
export function keptScripts(
  command: Command,
  options: ScriptOptions,
  sight: Sight,
): TracedScripts | undefined {
  const found: TracedScript[] = [];
  const isMade = madeBy(options);
  for (const script of scriptsIn(command, isMade, sight)) {
    const traced = knownScript(script, options, sight);
    if (traced === undefined) return undefined;
    found.push(traced);
  }
  return together(found, options, isMade);
}

/** The scripts of a command; traces are kept. */
export async function traceScripts(
  command: Command,
  options: ScriptOptions,
  sight: Sight,
): Promise<TracedScripts> {
  const found: TracedScript[] = [];
  const isMade = madeBy(options);
  for (const script of scriptsIn(command, isMade, sight)) {
    const known = knownScript(script, options, sight);
    found.push(known ?? (await traceAndKeep(script, options, sight)));
  }
  return together(found, options, isMade);
}

/** What a stage makes is no script of the project, whether it is there or not. */
function madeBy({ deps, outs }: ScriptOptions): (file: string) => boolean {
  const made = [...outs, ...deps.filter((dep) => dep.made && !dep.glob).map((dep) => dep.path)];
  return (file) => made.some((each) => isAt(file, each));
}

/** Those that are there. */
function scriptsIn(
  command: Command,
  isMade: (file: string) => boolean,
  sight: Sight,
): readonly Script[] {
  const { files, launches } = namedScripts(command);
  // Its bytes depend on the machine.
  const isOfEnvironment = (file: string) => environmentOf(file, sight.exists) !== undefined;
  const isThere = (file: string) =>
    !isMade(file) && !isOfEnvironment(file) && isFileDigest(sight.hex(file));
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
  { known, shelf }: ScriptOptions,
  sight: Sight,
): TracedScript | undefined {
  const name = nameOf(script);
  const traced =
    known.traced.get(name) ?? plainScript(script, sight) ?? keptScript(name, shelf, sight);
  if (traced !== undefined) known.traced.set(name, traced);
  return traced;
}

/** Of a Python script also how it is executed: that decides where its imports are looked for. */
function nameOf(script: Script): string {
  return script.kind === 'script' ? script.target : JSON.stringify(script);
}

/** Of a language that is not traced: the file alone. */
function plainScript({ kind, target }: Script, sight: Sight): TracedScript | undefined {
  return kind !== 'script' || isScript(target) || isSourcing(target)
    ? undefined
    : { files: { [target]: sight.hex(target) as string }, importers: {}, packages: {} };
}

function keptScript(name: string, shelf: Shelf | undefined, sight: Sight) {
  if (shelf === undefined) return undefined;
  return readTrace<TracedScript>(shelf, traceName(shelf, sight.root, 'script', name), sight)
    ?.traced;
}

async function traceAndKeep(
  script: Script,
  options: ScriptOptions,
  sight: Sight,
): Promise<TracedScript> {
  const { shelf, known } = options;
  const name = nameOf(script);
  const { traced, basis } = await traceAnew(script, options, sight);
  known.traced.set(name, traced);
  if (shelf !== undefined && basis !== undefined) {
    writeTrace(shelf, traceName(shelf, sight.root, 'script', name), { basis, traced, opaque: [] });
  }
  return traced;
}

async function traceAnew(
  script: Script,
  options: ScriptOptions,
  sight: Sight,
): Promise<ScriptTrace> {
  if (script.kind !== 'script') return traceLaunchAnew(script, options, sight);
  if (isSourcing(script.target)) return traceSourced(script.target, sight);
  options.unseen?.();
  const { traceScript } = await import('./script-trace.js');
  return traceScript(sight.root, script.target, options.shelf?.timeAt ?? unknownTime);
}

/** Only files that changed since the last trace are parsed. */
async function traceLaunchAnew(
  launch: Launch,
  { shelf, known: { parsed } }: ScriptOptions,
  sight: Sight,
): Promise<ScriptTrace> {
  const { traceLaunch } = await import('./python/trace.js');
  const name = shelf && traceName(shelf, sight.root, 'script', nameOf(launch));
  if (shelf === undefined || name === undefined) return traceLaunch(launch, sight, parsed);
  for (const [hex, module] of Object.entries(readParsed<PythonModule>(shelf, name)))
    parsed.set(hex, module);
  const trace = traceLaunch(launch, sight, parsed);
  const hexes = Object.values(trace.traced.files).filter((hex) => parsed.has(hex));
  writeParsed(shelf, name, Object.fromEntries(hexes.map((hex) => [hex, parsed.get(hex)])));
  return trace;
}

function together(
  found: readonly TracedScript[],
  { deps }: ScriptOptions,
  isMade: (file: string) => boolean,
): TracedScripts {
  if (found.length === 0) return NONE;
  const declared = deps.filter((dep) => !dep.glob).map((dep) => dep.path);
  const scripts: Record<string, string> = {};
  const bytes: Record<string, string> = {};
  for (const { files, code } of found) {
    for (const file in files) {
      if (isMade(file) || declared.some((each) => isAt(file, each))) continue;
      bytes[file] = files[file] as string;
      const digest = code?.[file];
      // What JavaScript imports as a text counts by its bytes, whatever else it is.
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
  };
}
