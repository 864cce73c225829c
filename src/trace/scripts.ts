/** The code of a `cmd:` stage: the script files of the project that its command names, and what those import. */
import type { Action, Dep } from '../pipeline/plan.js';
import { readTrace, type Shelf, traceName, unknownTime, writeTrace } from './kept.js';
import { isScript } from './loaders.js';
import { namedScripts } from './named-scripts.js';
import type { TracedScript } from './script-trace.js';
import type { Sight } from './sight.js';

export type Command = Exclude<Action, { readonly kind: 'module' }>;

export interface ScriptOptions {
  /** What the stage declares counts as that, and not twice. */
  readonly deps: readonly Pick<Dep, 'path' | 'glob' | 'made'>[];
  /** Paths of its outs. */
  readonly outs: readonly string[];
  /** Where traces are kept; absent: they are not. */
  readonly shelf?: Shelf;
  /** Scripts by path that commands of the same run named before: each is traced once. */
  readonly known: Map<string, TracedScript>;
}

export interface TracedScripts {
  /** Digest of the bytes, `f:<SHA-256>`, by path: each script, and each local file that one imports. */
  readonly scripts: Readonly<Record<string, string>>;
  /** For what is imported: the file by which it is reached. */
  readonly importers: Readonly<Record<string, string>>;
  /** Version by name of what JavaScript and TypeScript scripts import. */
  readonly packages: Readonly<Record<string, string>>;
}

/** Nothing is named, as in most commands. */
const NONE: TracedScripts = { scripts: {}, importers: {}, packages: {} };

/**
 * The scripts of a command, when that is known without esbuild: always for other languages, for
 * JavaScript and TypeScript while nothing that an earlier trace rests on has changed.
 */
export function keptScripts(
  command: Command,
  options: ScriptOptions,
  sight: Sight,
): TracedScripts | undefined {
  const found: TracedScript[] = [];
  for (const file of scriptsIn(command, options, sight)) {
    const traced = knownScript(file, options, sight);
    if (traced === undefined) return undefined;
    found.push(traced);
  }
  return together(found, options);
}

/** The scripts of a command; traces are kept. */
export async function traceScripts(
  command: Command,
  options: ScriptOptions,
  sight: Sight,
): Promise<TracedScripts> {
  const found: TracedScript[] = [];
  for (const file of scriptsIn(command, options, sight)) {
    const known = knownScript(file, options, sight);
    found.push(known ?? (await traceAndKeep(file, options, sight)));
  }
  return together(found, options);
}

/** Those that are there. What a stage makes is no script of the project, whether it is there or not. */
function scriptsIn(
  command: Command,
  { deps, outs }: ScriptOptions,
  sight: Sight,
): readonly string[] {
  const named = namedScripts(command);
  if (named.length === 0) return named;
  const made = [...outs, ...deps.filter((dep) => dep.made && !dep.glob).map((dep) => dep.path)];
  return named.filter((file) => !made.some((each) => isAt(file, each)) && isFile(file, sight));
}

/** A folder has a digest of another kind. */
function isFile(file: string, sight: Sight): boolean {
  return /^[0-9a-f]{64}$/.test(sight.hex(file) ?? '');
}

function isAt(file: string, where: string): boolean {
  return file === where || file.startsWith(`${where}/`);
}

function knownScript(file: string, options: ScriptOptions, sight: Sight): TracedScript | undefined {
  const { known } = options;
  const traced = known.get(file) ?? plainScript(file, sight) ?? keptScript(file, options, sight);
  if (traced !== undefined) known.set(file, traced);
  return traced;
}

/** Of a language that is not traced: the file alone. */
function plainScript(file: string, sight: Sight): TracedScript | undefined {
  return isScript(file)
    ? undefined
    : { files: { [file]: sight.hex(file) as string }, importers: {}, packages: {} };
}

function keptScript(file: string, { shelf }: ScriptOptions, sight: Sight) {
  if (shelf === undefined) return undefined;
  return readTrace<TracedScript>(shelf, traceName(shelf, sight.root, 'script', file), sight)
    ?.traced;
}

async function traceAndKeep(
  file: string,
  { shelf, known }: ScriptOptions,
  { root }: Sight,
): Promise<TracedScript> {
  const { traceScript } = await import('./script-trace.js');
  const { traced, basis } = await traceScript(root, file, shelf?.timeAt ?? unknownTime);
  known.set(file, traced);
  if (shelf !== undefined && basis !== undefined) {
    writeTrace(shelf, traceName(shelf, root, 'script', file), { basis, traced, opaque: [] });
  }
  return traced;
}

function together(found: readonly TracedScript[], { deps }: ScriptOptions): TracedScripts {
  if (found.length === 0) return NONE;
  const declared = deps.filter((dep) => !dep.glob).map((dep) => dep.path);
  const scripts: Record<string, string> = {};
  for (const { files } of found) {
    for (const file in files) {
      if (!declared.some((each) => isAt(file, each))) scripts[file] = `f:${files[file]}`;
    }
  }
  return {
    scripts,
    importers: Object.assign({}, ...found.map((each) => each.importers)),
    packages: Object.assign({}, ...found.map((each) => each.packages)),
  };
}
