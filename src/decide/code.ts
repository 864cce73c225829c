/** Code of every selected stage: its digest for the key, its files for `why`, its bundle to execute. */
import path from 'node:path';
import { writeIfAbsent } from '../cache/files/write-whole.js';
import { sha256 } from '../canonical.js';
import { NO_SCRIPTS, sorted, type TracedScripts } from '../code/found-scripts.js';
import { type FsSnapshot, newSnapshot } from '../code/fs-snapshot.js';
import type { Versions } from '../code/python/installed-distributions.js';
import { keptScripts, noScripts, traceScripts } from '../code/scripts.js';
import { keptExecutable, keptTrace, type TraceOptions, traceModule } from '../code/trace.js';
import { StoredTrace, type TraceCache } from '../code/trace-cache.js';
import { placesIn } from '../code/trace-inputs.js';
import { UserError, userError } from '../error.js';
import { getOrMake } from '../lists.js';
import type { ModuleCode } from '../manifest.js';
import type { CommandAction, Item } from '../pipeline/plan.js';
import { type Project, planPlaces } from './project.js';
import { NO_VERSIONS, PythonPackages } from './python-packages.js';

export type Code = ModuleItemCode | CommandItemCode;

interface ModuleItemCode extends CodeFiles {
  readonly kind: 'module';
  /** The manifest's code without the item and its matrix. */
  readonly module: Omit<ModuleCode, 'matrix' | 'item'>;
}

/** `packages`: of all scripts, those in Python too. */
interface CommandItemCode extends CodeFiles, Omit<TracedScripts, 'external'> {
  readonly kind: 'command';
  /** Metadata of Python packages that determines their versions. */
  readonly metadata: Omit<Versions, 'versions'>;
  /** By params file, if the command reads other values there than its params have; see misread-params.ts. */
  readonly ownParams?: Readonly<Record<string, string>>;
}

/** Evidence that names single files. */
interface CodeFiles {
  /** Local code files by path with the digest of their stripped text. */
  readonly files: Readonly<Record<string, string>>;
  /** The importing file, by path. */
  readonly importers: Readonly<Record<string, string>>;
}

function codeOf(found: TracedScripts, { versions, ...metadata }: Versions): CommandItemCode {
  const packages = sorted({ ...found.packages, ...versions });
  return { kind: 'command', files: {}, ...found, packages, metadata };
}

/** The code of most commands. They share one object, because a pipeline may have thousands. */
const NO_CODE = codeOf(NO_SCRIPTS, NO_VERSIONS);

/** Code of the selected items, by index in the plan. */
export interface Codes {
  of(index: number): Code;
  /** Absolute path of the executable bundle of a `run:` stage. */
  bundleFor(index: number): Promise<string>;
  /** Paths of the trace inputs of an item's code; empty for a trace that could not be cached. */
  traceInputsOf(index: number): readonly string[];
  /** The first script of a `cmd:` stage whose content differs from the traced one. */
  changedScript(index: number): string | undefined;
  /** The first Python metadata file that has changed since it was read. */
  changedPackage(index: number): string | undefined;
}

/** Traces only changed code; reads everything else from the trace cache, without starting esbuild. */
export async function openCodes(project: Project, selected: readonly number[]): Promise<Codes> {
  const tracer = new Tracer(project, selected);
  const traced = new Map<number, Code>();
  const withParams = await paramsAdder(project);
  for (const index of selected) {
    const item = itemOf(project, index);
    traced.set(index, withParams(item, await tracer.codeOf(item)));
  }
  tracer.keepCommands();
  const commandOf = (index: number) => {
    const code = traced.get(index);
    return code?.kind === 'command' ? code : undefined;
  };
  return {
    of: (index) => traced.get(index) as Code,
    bundleFor: (index) => {
      const { action } = itemOf(project, index);
      if (action.kind !== 'module') throw new Error(`item ${index} has no module`);
      const code = traced.get(index) as ModuleItemCode;
      return bundleOf(project, action.file, tracer.optionsOf(action.file), code);
    },
    traceInputsOf: (index) => tracer.inputsOf(itemOf(project, index), commandOf(index)),
    changedScript: (index) => changedFile(project, commandOf(index)?.bytes),
    changedPackage: (index) => changedFile(project, commandOf(index)?.metadata.files),
  };
}

/** What a command reads in params files itself is looked for only where another value was given. */
async function paramsAdder(project: Project): Promise<(item: Item, code: Code) => Code> {
  const { overridden, added } = project.plan;
  if (overridden === undefined && added === undefined) return (_item, code) => code;
  const { readParamsIn } = await import('./misread-params.js');
  const paramsOf = readParamsIn(project);
  return (item, code) => {
    if (code.kind !== 'command' || item.action.kind === 'module') return code;
    const ownParams = paramsOf(item, item.action, code.executed);
    return Object.keys(ownParams).length === 0 ? code : { ...code, ownParams };
  };
}

/** Traces the code of the selected items: each module and each script once. */
class Tracer {
  readonly #project: Project;
  readonly #snapshot: FsSnapshot;
  readonly #traceCache: TraceCache;
  readonly #pythons: PythonPackages;
  readonly #modules = new Map<string, ModuleItemCode>();
  readonly #scripts: ReturnType<typeof noScripts>;
  /** Items that share scripts and versions share their code. */
  readonly #commands = new Map<TracedScripts, Map<Versions, CommandItemCode>>();
  /** Dep paths of all items that execute a module. */
  readonly #depsOf = new Map<string, Set<string>>();

  constructor(project: Project, selected: readonly number[]) {
    const { root, cache, build } = project;
    this.#project = project;
    this.#snapshot = newSnapshot(
      root,
      (file) => cache.scanSync(file, { follow: true })?.digest,
      cache.readSet,
    );
    this.#traceCache = {
      build,
      timeAt: (dev, moment) => cache.timeAt(dev, moment),
      read: (name) => cache.state.readKept('traces', name),
      write: (name, value) => cache.state.writeKept('traces', name, value),
    };
    const [snapshot, traceCache] = [this.#snapshot, this.#traceCache];
    this.#scripts = noScripts(traceCache);
    this.#pythons = new PythonPackages(project, { snapshot, traceCache, unseen: this.#unseen });
    for (const index of selected) {
      const { action, deps } = itemOf(project, index);
      if (action.kind !== 'module') continue;
      const paths = getOrMake(this.#depsOf, action.file, () => new Set());
      for (const dep of deps) paths.add(dep.path);
    }
  }

  /** The tracers' own reads are not recorded, so the read set is incomplete. */
  readonly #unseen = () => this.#project.cache.readSet.markIncomplete();

  codeOf(item: Item): Promise<Code> {
    const { action } = item;
    return action.kind === 'module' ? this.#module(item, action.file) : this.#command(item, action);
  }

  optionsOf(module: string): TraceOptions {
    return {
      stageDoor: path.join(this.#project.dist, 'stage.js'),
      deps: [...(this.#depsOf.get(module) as ReadonlySet<string>)],
      traceCache: this.#traceCache,
    };
  }

  inputsOf({ action }: Item, command: CommandItemCode = NO_CODE): string[] {
    const stored = (kind: 'module' | 'script', name: string) =>
      new StoredTrace(this.#traceCache, this.#snapshot.root, kind, name).inputs;
    const { traces, metadata } = command;
    const kept =
      action.kind === 'module'
        ? [stored('module', action.file)]
        : traces.map((name) => stored('script', name));
    return [
      ...kept.flatMap((inputs) => (inputs === undefined ? [] : placesIn(inputs))),
      ...Object.keys(metadata.files),
      ...metadata.folders,
    ];
  }

  keepCommands(): void {
    this.#scripts.commands.save(this.#project.plan.items, this.#snapshot);
  }

  async #command(item: Item, action: CommandAction): Promise<CommandItemCode> {
    const { deps, outs } = item;
    const [known, traceCache, snapshot] = [this.#scripts, this.#traceCache, this.#snapshot];
    const options = { deps, outs, known, traceCache, unseen: this.#unseen };
    const found =
      keptScripts(action, options, snapshot) ?? (await traceScripts(action, options, snapshot));
    const versions =
      item.packages === undefined ? NO_VERSIONS : await this.#pythons.of(item, found);
    if (found === NO_SCRIPTS && versions === NO_VERSIONS) return NO_CODE;
    const ofFound = getOrMake(this.#commands, found, () => new Map());
    return getOrMake(ofFound, versions, () => codeOf(found, versions));
  }

  async #module(item: Item, file: string): Promise<ModuleItemCode> {
    const known = this.#modules.get(file);
    if (known !== undefined) return known;
    const { root } = this.#project;
    const options = this.optionsOf(file);
    let trace = keptTrace(root, file, options, this.#snapshot);
    if (trace === undefined) {
      this.#unseen();
      trace = await traceModule(root, file, options).catch(async (error) => {
        throw await atItsStage(this.#project, item, error);
      });
    }
    const { code: module, files, importers } = trace;
    const code = { kind: 'module', module, files, importers } as const;
    this.#modules.set(file, code);
    return code;
  }
}

function itemOf({ plan }: Project, index: number): Item {
  return plan.items[index] as Item;
}

/** The first file whose content has changed; reads the disk again. */
function changedFile(
  { root, cache }: Project,
  before: Readonly<Record<string, string>> = {},
): string | undefined {
  const files = Object.keys(before);
  if (files.length === 0) return undefined;
  const { hex } = newSnapshot(
    root,
    (file) => cache.scanSync(file, { follow: true, again: true })?.digest,
  );
  return files.find((file) => before[file] !== (hex(file) ?? ''));
}

/** The bundle is in this process's own folder, so no other run can change what is executed. */
async function bundleOf(
  project: Project,
  module: string,
  options: TraceOptions,
  code: ModuleItemCode,
): Promise<string> {
  // Two modules with the same text may resolve packages differently, each from its own folder.
  const name = sha256(JSON.stringify([module, code.module.bundle]));
  const file = path.join(project.cache.tmpFolder('bundles'), `${name}.mjs`);
  await writeIfAbsent(file, () => {
    const kept = keptExecutable(project.root, module, { ...code, code: code.module }, options);
    return kept ?? traceAgain(project, module, options, code);
  });
  return file;
}

/** The cached bundle is gone: builds it again, and checks that it still matches the key. */
async function traceAgain(
  project: Project,
  file: string,
  options: TraceOptions,
  { module }: ModuleItemCode,
): Promise<string> {
  const { code, executable } = await traceModule(project.root, file, options);
  if (code.bundle === module.bundle) return executable;
  throw userError('code-changed', `${file} changed during the run`, 'run again');
}

/** Reports a missing stage module at the place in pipeline.yaml that names it. */
async function atItsStage(project: Project, item: Item, error: unknown): Promise<unknown> {
  if (!(error instanceof UserError) || error.diagnostics[0]?.code !== 'stage-not-found')
    return error;
  return error.at((await planPlaces(project)).run(item.id));
}
