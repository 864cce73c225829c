/** The code of every selected stage: its digest for the key, its files for `why`, its bundle to execute. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Looks } from '../cache/scan/looks.js';
import { sha256 } from '../canonical.js';
import { userError } from '../error.js';
import type { ModuleCode } from '../manifest.js';
import type { Item } from '../pipeline/plan.js';
import { placesIn } from '../trace/basis.js';
import { keptBasis, type Shelf } from '../trace/kept.js';
import type { Versions } from '../trace/python/distributions.js';
import type { Untraced } from '../trace/script-trace.js';
import {
  type KnownScripts,
  keptScripts,
  noScripts,
  type ScriptOptions,
  traceScripts,
} from '../trace/scripts.js';
import { freshSight } from '../trace/sight.js';
import { keptExecutable, keptTrace, type TraceOptions, traceModule } from '../trace/trace.js';
import type { Traced } from '../trace/traced.js';
import { atItsStage } from './at-stage.js';
import type { Project } from './project.js';
import { PythonPackages } from './python-packages.js';

export type Code = ModuleItemCode | CommandItemCode;

interface ModuleItemCode extends CodeFiles {
  readonly kind: 'module';
  /** Of the manifest's code all but the item and its matrix. */
  readonly module: Omit<ModuleCode, 'matrix' | 'item'>;
}

interface CommandItemCode extends CodeFiles {
  readonly kind: 'command';
  /** Digests of the script files that the command names, and of what they import, by path. */
  readonly scripts: Readonly<Record<string, string>>;
  /** SHA-256 of the bytes of each of them. */
  readonly bytes: Readonly<Record<string, string>>;
  /** Version by name of the packages that those import. */
  readonly packages: Readonly<Record<string, string>>;
  /** Metadata of Python packages that decides on these. */
  readonly metadata: Omit<Versions, 'versions'>;
  /** What Python files load in ways that cannot be followed. */
  readonly opaque: readonly Untraced[];
}

/** The evidence that names single files. */
export interface CodeFiles {
  /** Local code files by path with the digest of their stripped text. */
  readonly files: Readonly<Record<string, string>>;
  /** Who imports a file, by path. */
  readonly importers: Readonly<Record<string, string>>;
}

/** The code of the selected items, by their index in the plan. */
export interface Codes {
  of(index: number): Code;
  /** Absolute path of the executable bundle of a `run:` stage. */
  bundleFor(index: number): Promise<string>;
  /** Paths of what the traces of an item's code rest on; none of one that could not be kept. */
  foundationsOf(index: number): readonly string[];
  /** The first script of a `cmd:` stage whose content is no longer what was traced. */
  changedScript(index: number): string | undefined;
  /** The first metadata of a Python package that is no longer what was read. */
  changedPackage(index: number): string | undefined;
}

/** Traces what changed; what did not is read from the cache, without starting esbuild. */
export async function openCodes(project: Project, selected: readonly number[]): Promise<Codes> {
  const { root, cache } = project;
  const { looks } = cache;
  const sight = freshSight(root, (file) => cache.scanSync(file, { follow: true })?.digest, looks);
  const traced = new Map<number, Code>();
  const modules = new Map<string, Traced>();
  const depsOf = moduleDeps(project, selected);
  const scripts = noScripts();
  const unseen = () => looks.blur();
  const pythons = new PythonPackages(project, { sight, shelf: shelfOf(project), unseen });
  for (const index of selected) {
    const item = itemOf(project, index);
    const { action } = item;
    if (action.kind !== 'module') {
      const options = { ...scriptOptionsOf(project, index, scripts), unseen };
      const found =
        keptScripts(action, options, sight) ?? (await traceScripts(action, options, sight));
      const { versions, ...metadata } = await pythons.of(item, found.external);
      const packages = { ...found.packages, ...versions };
      traced.set(index, { kind: 'command', files: {}, ...found, packages, metadata });
      continue;
    }
    const options = optionsOf(project, depsOf.get(action.file) as Iterable<string>);
    const trace =
      modules.get(action.file) ??
      keptTrace(root, action.file, options, sight) ??
      (await anew(looks, () => traceModule(root, action.file, options)).catch(async (error) => {
        throw await atItsStage(project, item, error);
      }));
    modules.set(action.file, trace);
    const { code, files, importers } = trace;
    traced.set(index, { kind: 'module', module: code, files, importers });
  }
  return {
    of: (index) => traced.get(index) as Code,
    bundleFor: (index) => {
      const { action } = itemOf(project, index);
      if (action.kind !== 'module') throw new Error(`item ${index} has no module`);
      const options = optionsOf(project, depsOf.get(action.file) as Iterable<string>);
      return bundleOf(project, action.file, options, traced.get(index) as ModuleItemCode);
    },
    foundationsOf: (index) =>
      foundationsOf(project, sight.root, itemOf(project, index), traced.get(index)),
    changedScript: (index) => changedFile(project, filesIn(traced.get(index), 'bytes')),
    changedPackage: (index) => changedFile(project, filesIn(traced.get(index), 'metadata')),
  };
}

/** What the tracing itself looked at nobody has noted. */
function anew<T>(looks: Looks, trace: () => Promise<T>): Promise<T> {
  looks.blur();
  return trace();
}

function itemOf({ plan }: Project, index: number): Item {
  return plan.items[index] as Item;
}

/** Paths of the deps of all items that execute a module: it is traced once, however many they are. */
function moduleDeps(project: Project, selected: readonly number[]): Map<string, Set<string>> {
  const depsOf = new Map<string, Set<string>>();
  for (const index of selected) {
    const { action, deps } = itemOf(project, index);
    if (action.kind !== 'module') continue;
    const paths = depsOf.get(action.file) ?? new Set();
    for (const dep of deps) paths.add(dep.path);
    depsOf.set(action.file, paths);
  }
  return depsOf;
}

function optionsOf(project: Project, deps: Iterable<string>): TraceOptions {
  return {
    stageDoor: path.join(project.dist, 'stage.js'),
    deps: [...deps],
    shelf: shelfOf(project),
  };
}

function scriptOptionsOf(project: Project, index: number, known: KnownScripts): ScriptOptions {
  const { deps, outs } = itemOf(project, index);
  return { deps, outs: outs.map((out) => out.path), shelf: shelfOf(project), known };
}

function shelfOf({ cache, version }: Project): Shelf {
  return {
    version,
    timeAt: (dev, moment) => cache.timeAt(dev, moment),
    read: (name) => cache.readKept('traces', name),
    write: (name, value) => cache.writeKept('traces', name, value),
  };
}

function foundationsOf(project: Project, root: string, { action }: Item, code?: Code): string[] {
  const shelf = shelfOf(project);
  const kept =
    action.kind === 'module'
      ? [keptBasis(shelf, root, 'module', action.file)]
      : Object.keys(code?.kind === 'command' ? code.scripts : {}).map((file) =>
          keptBasis(shelf, root, 'script', file),
        );
  const { files = {}, folders = [] } = code?.kind === 'command' ? code.metadata : {};
  return [
    ...kept.flatMap((basis) => (basis === undefined ? [] : placesIn(basis))),
    ...Object.keys(files),
    ...folders,
  ];
}

function filesIn(
  code: Code | undefined,
  part: 'bytes' | 'metadata',
): Readonly<Record<string, string>> {
  if (code?.kind !== 'command') return {};
  return part === 'bytes' ? code.bytes : code.metadata.files;
}

/** The first file whose content is another one; looks at the disk again. */
function changedFile(
  { root, cache }: Project,
  before: Readonly<Record<string, string>>,
): string | undefined {
  const { hex } = freshSight(
    root,
    (file) => cache.scanSync(file, { follow: true, again: true })?.digest,
  );
  return Object.keys(before).find((file) => before[file] !== (hex(file) ?? ''));
}

/** The bundle lies in this process's own folder, so no other run can change what is executed. */
async function bundleOf(
  project: Project,
  module: string,
  options: TraceOptions,
  code: ModuleItemCode,
): Promise<string> {
  // Two modules with one text may find different packages, each from its own folder.
  const name = sha256(JSON.stringify([module, code.module.bundle]));
  const file = path.join(project.cache.tmpFolder('bundles'), `${name}.mjs`);
  if (existsSync(file)) return file;
  const kept = keptExecutable(project.root, module, { ...code, code: code.module }, options);
  writeFileSync(file, kept ?? (await traceAgain(project, module, options, code)));
  return file;
}

/** The kept bundle is gone: it is made again, and must still be the one that the key was made of. */
async function traceAgain(
  project: Project,
  file: string,
  options: TraceOptions,
  { module }: ModuleItemCode,
): Promise<string> {
  const { code, executable } = await traceModule(project.root, file, options);
  if (code.bundle === module.bundle) return executable;
  throw userError('code-changed', `${file} changed while the run was going on`, 'run again');
}
