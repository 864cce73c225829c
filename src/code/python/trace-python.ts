/** Finds the project's files that Python loads for a script, a module or a program text. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../../canonical.js';
import { getOrMake } from '../../lists.js';
import { realPath } from '../../sys/real-place.js';
import { type FsSnapshot, isFileDigest } from '../fs-snapshot.js';
import { namedInside } from '../named-scripts.js';
import { isOutside, within } from '../project-paths.js';
import type { TracedScript, Untraced } from '../script-trace.js';
import type { TraceInputs } from '../trace-inputs.js';
import { collectedTests, type TestFile } from './collected-tests.js';
import { definitionsOf } from './entry-definitions.js';
import { commandNames } from './entry-points.js';
import { isArchive, isNotebook, isPython } from './file-kinds.js';
import { type AddedFolder, absoluteName, type Executed, type Namespace } from './imports.js';
import { inFile } from './in-file.js';
import type { Launch } from './launches.js';
import type { SearchPath, Step } from './module-finder.js';
import { notebookSource } from './notebook.js';
import { countedIn, type PythonModule, parseModule } from './python-module.js';
import { type Source, sourceOf } from './python-source.js';
import { buildRoots, variablePath } from './source-roots.js';
import { Reads } from './trace-reads.js';
import { eachPlace, Starts } from './trace-starts.js';

/** Parsed files, by SHA-256 of their bytes. */
export type Parsed = Map<string, PythonModule>;

interface PythonTrace {
  readonly traced: TracedScript;
  readonly traceInputs: TraceInputs;
}

export function traceLaunch(launch: Launch, snapshot: FsSnapshot, parsed: Parsed): PythonTrace {
  // Looks up every import again, since one above, or in another file, may run after a folder was added.
  for (let added: SearchPath = []; ; ) {
    const tracing = new Tracing(launch, snapshot, parsed, added);
    tracing.start();
    if (tracing.added.size === added.length) return tracing.done();
    added = [...tracing.added];
  }
}

interface Loaded {
  readonly hex: string;
  /** Undefined for an extension module. */
  readonly module: PythonModule | undefined;
  readonly importer: string | undefined;
}

class Tracing {
  readonly #launch: Launch;
  readonly #snapshot: FsSnapshot;
  readonly #parsed: Parsed;
  /** Python's search path, as far as the command determines it. */
  readonly #path: SearchPath;
  /** Plus folders that installed projects and an exported PYTHONPATH commonly add. */
  readonly #widePath: SearchPath;
  /** Folders that the code adds, before or after those of `#path`. */
  readonly added: Set<string>;
  /** Where a name may also be found, if the code adds folders. */
  readonly #addedPaths: readonly SearchPath[];
  readonly #files = new Map<string, Loaded>();
  readonly #reads: Reads;
  readonly #tests: readonly TestFile[];
  readonly #starts: Starts;
  readonly #external = new Set<string>();
  readonly #opaque: Untraced[] = [];
  /** Reads a file once for each namespace. */
  readonly #visited = new Set<string>();
  readonly #queue: (() => void)[] = [];
  /** Executed by their path, whatever their name. */
  readonly #executed = new Set<string>();

  constructor(launch: Launch, snapshot: FsSnapshot, parsed: Parsed, added: SearchPath) {
    this.#launch = launch;
    this.#snapshot = snapshot;
    this.#parsed = parsed;
    this.#reads = new Reads(snapshot);
    this.#starts = new Starts(launch, commandNames(this.#reads));
    const { kind, target, folder } = launch;
    const first = kind === 'file' ? this.#scriptFolder(target) : folder;
    const { tests, opaque } = collectedTests(launch, this.#reads);
    this.#tests = tests;
    this.#opaque.push(...opaque);
    const bases = this.#tests.map(({ base }) => base);
    const starts = isNotebook(target) ? [first, folder] : [...bases, first];
    const own = starts.filter((each) => each !== undefined);
    this.#path = [...new Set([...own, ...launch.path, ...variablePath(launch, this.#reads)])];
    const source = folder === '' ? 'src' : `${folder}/src`;
    const roots = buildRoots(launch, this.#reads);
    this.#widePath = [...new Set([...this.#path, folder, source, '', 'src', ...roots])];
    this.added = new Set(added);
    // Any of them may come first. Parts of a namespace package may be in all of them.
    const firsts = added.map((each) => [each, ...this.#path]);
    this.#addedPaths = added.length > 1 ? [...firsts, [...added, ...this.#path]] : firsts;
  }

  start(): void {
    const { kind, target } = this.#launch;
    for (const each of this.#launch.path) this.#archive(each);
    for (const { file, parent } of this.#tests) this.#visit(file, undefined, { file, parent });
    if (kind === 'file') this.#visit(target, undefined);
    else if (kind === 'input') this.#visit(target, undefined, { parent: '' });
    else if (kind === 'module') this.#main(target, undefined);
    else if (kind === 'entry') this.#command();
    else if (kind === 'text')
      this.#follow(parseModule(sourceOf(Buffer.from(target))), { parent: '' }, undefined);
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next();
  }

  done(): PythonTrace {
    const codeOf = countedIn([...this.#files.values()].map((each) => each.module));
    const files: Record<string, string> = {};
    const code: Record<string, string> = {};
    const importers: Record<string, string> = {};
    for (const [file, { hex, module, importer }] of this.#files) {
      files[file] = hex;
      const counted = codeOf(module);
      if (counted !== undefined) code[file] = counted;
      if (importer !== undefined) importers[file] = importer;
    }
    const traced = {
      files,
      code,
      importers,
      packages: {},
      external: [...this.#external].sort(),
      opaque: [...this.#opaque, ...this.#starts.opaque],
      starts: this.#starts.found,
    };
    const traceInputs = {
      files: { ...this.#reads.files, ...files },
      absent: [...this.#reads.absent],
      links: this.#reads.links(this.#launch),
      folders: this.#reads.finder.folders(),
    };
    return { traced, traceInputs };
  }

  /** A command that build files define. Their definitions count. */
  #command(): void {
    const { folder, ...around } = this.#launch;
    const entries = commandNames(this.#reads);
    for (const each of definitionsOf(this.#launch, this.#reads)) {
      const { file, hex, text } = each;
      const module = parseModule(sourceOf(Buffer.from(text)));
      this.#files.set(file, { hex, module, importer: undefined });
      if (each.module !== undefined) this.#load(each.module, undefined);
      for (const command of each.commands)
        this.#starts.add(namedInside(command, { ...around, entries }), file, { file });
    }
  }

  /** The bytes of the file determine its modules. */
  #archive(file: string): void {
    if (isArchive(file) && this.#reads.finder.has(file)) this.#visit(file, undefined);
  }

  /** Python searches next to the real script, not next to a link to it. */
  #scriptFolder(file: string): string | undefined {
    const folder = within(this.#snapshot.root, path.dirname(realPath(this.#absolute(file))));
    return isOutside(folder) ? undefined : folder;
  }

  /** `python -m name`: Python executes a package by its `__main__`. */
  #main(name: string, importer: string | undefined): void {
    const steps = this.#load(name, importer);
    const isPackage = steps.some((step) => step.name === name && step.isPackage);
    if (isPackage) this.#load(`${name}.__main__`, importer);
  }

  /** Loads a module with its parent packages; returns the steps found. */
  #load(name: string, importer: string | undefined): Step[] {
    const paths = this.#pathsOf(name);
    const found = paths.flatMap((each) => this.#loadFrom(name, each, importer));
    if (found.length === 0) this.#external.add(name.split('.')[0] as string);
    return found;
  }

  #loadFrom(name: string, from: SearchPath, importer: string | undefined): Step[] {
    const steps = this.#reads.finder.find(name, from);
    for (const { name: each, files, isPackage } of steps) {
      const parent = isPackage ? each : each.split('.').slice(0, -1).join('.');
      for (const file of files) this.#visit(file, importer, { file, parent });
    }
    return steps;
  }

  /** The search path that finds the whole name, else the wide one too. */
  #pathsOf(name: string): SearchPath[] {
    const steps = this.#reads.finder.find(name, this.#path);
    const isFound =
      steps.length === name.split('.').length && (steps.at(-1)?.files.length ?? 0) > 0;
    return [this.#path, ...(isFound ? [] : [this.#widePath]), ...this.#addedPaths];
  }

  #visit(file: string, importer: string | undefined, namespace: Namespace = { parent: '', file }) {
    const id = JSON.stringify([file, namespace.parent, namespace.file]);
    if (file.startsWith('cache/') || this.#visited.has(id)) return;
    this.#visited.add(id);
    const hex = this.#snapshot.hex(file);
    if (!isFileDigest(hex)) {
      this.#reads.absent.add(file);
      return;
    }
    const { module } = getOrMake(this.#files, file, () => this.#parsedFile(file, hex, importer));
    if (module !== undefined) this.#queue.push(() => this.#follow(module, namespace, file));
  }

  #parsedFile(file: string, hex: string, importer: string | undefined): Loaded {
    if (
      isArchive(file) ||
      (!isPython(file) && file !== this.#launch.target && !this.#executed.has(file))
    )
      return { hex, module: undefined, importer };
    const known = this.#parsed.get(hex);
    if (known !== undefined) return this.#noted(file, { hex, module: known, importer });
    const bytes = readFileSync(this.#absolute(file));
    // The file may have changed since its lookup: the parsed bytes count.
    const loaded = { hex: sha256(bytes), module: parseModule(sourceIn(file, bytes)), importer };
    this.#parsed.set(loaded.hex, loaded.module);
    return this.#noted(file, loaded);
  }

  #noted(file: string, loaded: Loaded): Loaded {
    for (const each of loaded.module?.opaque ?? []) this.#opaque.push(inFile(each, file));
    return loaded;
  }

  #follow(module: PythonModule, namespace: Namespace, file: string | undefined): void {
    for (const each of module.imports) {
      const name = absoluteName(each, namespace);
      if (name === undefined) continue;
      if (each.main) this.#main(name, file);
      else this.#import(name, each.names, file);
    }
    for (const each of module.executes)
      eachPlace(each, namespace.file, this.#launch, (at) =>
        this.#execute(at, each, namespace, file),
      );
    for (const each of module.search)
      eachPlace(each, namespace.file, this.#launch, (at) => this.#addFolder(at, each, file));
    for (const each of module.starts) this.#starts.start(each, namespace.file, file);
  }

  /** A file, or a folder by its `__main__.py`. */
  #execute(
    file: string,
    { namespace }: Executed,
    executor: Namespace,
    importer: string | undefined,
  ): void {
    if (isOutside(file) || !this.#reads.finder.has(file)) return;
    if (isFileDigest(this.#snapshot.hex(file))) {
      this.#executed.add(file);
      if (namespace !== 'executor') this.#visit(file, importer);
      if (namespace !== 'own') this.#visit(file, importer, executor);
    } else if (this.#reads.finder.has(`${file}/__main__.py`)) {
      this.added.add(file);
      this.#visit(`${file}/__main__.py`, importer);
    }
  }

  #addFolder(folder: string, { place }: AddedFolder, file: string | undefined): void {
    if (isArchive(folder)) this.#archive(folder);
    else if (!isOutside(folder)) this.added.add(folder.replace(/^\.$|\/$/, ''));
    else if (file !== undefined)
      this.#opaque.push(inFile({ message: SEARCHES_OUTSIDE, place }, file));
  }

  /** `from name import …`: each name may be a module itself. */
  #import(name: string, names: readonly string[], importer: string | undefined): void {
    const steps = this.#load(name, importer);
    if (steps.length === 0 || names.length === 0) return;
    const paths = this.#pathsOf(name);
    const all = names.includes('*') ? steps.flatMap((step) => this.#allOf(step, name)) : [];
    for (const each of [...names, ...all]) {
      if (each === '*') continue;
      for (const from of paths) this.#loadFrom(`${name}.${each}`, from, importer);
    }
  }

  #allOf(step: Step, name: string): readonly string[] {
    if (step.name !== name) return [];
    return step.files.flatMap((file) => this.#files.get(file)?.module?.all ?? []);
  }

  #absolute(file: string): string {
    return path.join(this.#snapshot.root, file);
  }
}

const SEARCHES_OUTSIDE = 'this searches for modules outside of the project';

function sourceIn(file: string, bytes: Uint8Array): Source {
  return isNotebook(file) ? notebookSource(bytes) : sourceOf(bytes);
}
