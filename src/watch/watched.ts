/** Relevant files of watch mode: pipeline.yaml, the files it names, trace inputs, deps that no item makes. */

import { isOutside } from '../code/project-paths.js';
import type { BuildContext } from '../decide/build-context.js';
import { oncePer } from '../lists.js';
import { type Glob, matchGlob, mayHold, parseGlob } from '../pipeline/glob.js';
import { ignoreRulesOf, isHeldBack } from '../pipeline/ignored-files.js';
import type { Dep, PlanRead } from '../pipeline/plan.js';
import { pipelineName } from '../pipeline/root.js';
import { foldersAbove, isWithin, withFoldersAbove } from '../sys/is-within.js';
import type { WatchSet } from './file-watch.js';

/** The user's files that one item reads. */
interface Reads {
  readonly item: string;
  readonly index: number;
  /** Code files. */
  readonly files: readonly string[];
  readonly deps: readonly Dep[];
}

/** Inputs of the plan: pipeline.yaml, the files that it names, and the names that an axis matches. */
class PlanWatch {
  readonly id: readonly string[];
  readonly #files: readonly string[];
  readonly #globs: readonly Glob[];

  constructor(pipeline: string, reads: readonly PlanRead[]) {
    const named = (pattern: boolean) =>
      reads.filter((read) => read.pattern === pattern).map((read) => read.path);
    this.#files = [pipeline, ...named(false)];
    this.#globs = named(true).map(parseGlob);
    this.id = [...this.#files, ...named(true)];
  }

  counts(path: string): boolean {
    return (
      this.#files.some((file) => isWithin(path, file)) ||
      this.#globs.some((glob) => matchGlob(glob, path))
    );
  }

  leadsTo(folder: string): boolean {
    return (
      this.#files.some((file) => file.startsWith(`${folder}/`)) ||
      this.#globs.some((glob) => mayHold(glob, folder))
    );
  }
}

export class Watched implements WatchSet {
  readonly id: string;
  readonly followsLinks = true;
  readonly outside: readonly string[];
  readonly build: BuildContext;
  readonly #plan: PlanWatch;
  readonly #reads: readonly Reads[];
  readonly #needs: (index: number) => readonly number[];
  /** Trace inputs other than code: package.json, tsconfig.json, folders of packages. */
  readonly #traceInputs: ReadonlySet<string>;
  /** The folders above them. */
  readonly #onTheWay: ReadonlySet<string>;
  /** Paths of all outs, which runs write. */
  readonly #outs: ReadonlySet<string>;

  constructor(build: BuildContext) {
    const { items, reads } = build.project.plan;
    const { root, variant } = build.project;
    this.build = build;
    this.#plan = new PlanWatch(pipelineName(root, variant.file), reads);
    this.#needs = (index) => items[index]?.needs ?? [];
    const outs = new Set(items.flatMap((item) => item.outs.map((out) => out.path)));
    const links = items.flatMap((item) =>
      item.deps.flatMap((dep) => Object.entries(dep.links ?? {})),
    );
    // A link into an out is another name of the out.
    const names = links.filter(([, source]) => isIn(source, outs)).map(([name]) => name);
    this.#outs = new Set([...outs, ...names]);
    this.#reads = build.selected.map((index) => {
      const code = build.codes.of(index);
      const scripts = code.kind === 'command' ? Object.keys(code.scripts) : [];
      // A pattern or folder may contain both outs and user files.
      const deps = items[index]?.deps ?? [];
      return {
        item: items[index]?.id ?? '',
        index,
        files: [...Object.keys(code.files), ...scripts],
        deps,
      };
    });
    this.#traceInputs = new Set(
      build.selected.flatMap((index) => build.codes.traceInputsOf(index)),
    );
    this.#onTheWay = new Set([...this.#traceInputs].flatMap(foldersAbove));
    const code = this.#reads.flatMap(({ files }) => files.filter(isOutside));
    this.outside = [...code, ...[...this.#traceInputs].filter(isOutside)];
    this.id = JSON.stringify([
      this.#plan.id,
      this.#reads,
      [...this.#outs],
      [...this.#traceInputs].sort(),
    ]);
  }

  counts(path: string): boolean {
    if (this.#plan.counts(path) || this.#isFoundation(path)) return true;
    if (isPackages(path) || this.#isMade(path)) return false;
    return this.#reads.some((reads) => readsPath(reads, path));
  }

  /** An installed Python package is visible as a name for its metadata in the packages folder. */
  #isFoundation(path: string): boolean {
    if (this.#traceInputs.has(path)) return true;
    return (
      /\.(?:dist|egg)-info$/.test(path) &&
      this.#traceInputs.has(path.slice(0, path.lastIndexOf('/')))
    );
  }

  #isMade(path: string): boolean {
    return isIn(path, this.#outs);
  }

  leadsTo(folder: string): boolean {
    if (folder === '' || this.#plan.leadsTo(folder) || this.#onTheWay.has(folder)) return true;
    if (isPackages(folder) || this.#isMade(folder)) return false;
    const prefix = `${folder}/`;
    return this.#reads.some(
      ({ files, deps }) =>
        files.some((file) => file.startsWith(prefix)) ||
        deps.some((dep) => (dep.glob ? isOnTheWay(dep, folder) : dep.path.startsWith(prefix))),
    );
  }

  isOfPlan(path: string): boolean {
    return this.#plan.counts(path);
  }

  concerns(path: string, executing: Iterable<string>): boolean {
    const names = new Set(executing);
    const byIndex = new Map(this.#reads.map((reads) => [reads.index, reads]));
    const queue = this.#reads.filter(({ item }) => names.has(item)).map(({ index }) => index);
    const seen = new Set<number>();
    for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
      if (seen.has(index)) continue;
      seen.add(index);
      const reads = byIndex.get(index);
      if (reads !== undefined && readsPath(reads, path)) return true;
      queue.push(...this.#needs(index));
    }
    return false;
  }
}

/** Not an input, except as a trace input. */
function isPackages(path: string): boolean {
  return isWithin(path, 'node_modules');
}

/** True for one of the paths, and for a path below one. */
function isIn(where: string, paths: ReadonlySet<string>): boolean {
  return withFoldersAbove(where).some((each) => paths.has(each));
}

/** While there is no valid plan: the previous set, and the files that pipeline.yaml names now. */
export function brokenPipeline(
  before: WatchSet | undefined,
  pipeline: string,
  reads: readonly PlanRead[],
): WatchSet {
  const plan = new PlanWatch(pipeline, reads);
  return {
    id: JSON.stringify(['broken', before?.id, plan.id]),
    followsLinks: true,
    outside: before?.outside ?? [],
    counts: (path) => plan.counts(path) || before?.counts(path) === true,
    leadsTo: (folder) => plan.leadsTo(folder) || before?.leadsTo(folder) === true,
    isOfPlan: () => false,
    concerns: () => false,
  };
}

/**
 * While a stage's code is not readable: the previous set, every file of the project, since any may be
 * the missing one, and the packages outside that have errors.
 */
export function brokenCode(before: WatchSet | undefined, packages: readonly string[]): WatchSet {
  const broken = new Set(packages);
  const isTheirs = (path: string) =>
    !path.split('/').includes('node_modules') && (!isOutside(path) || isIn(path, broken));
  const isAbove = (folder: string) => packages.some((each) => each.startsWith(`${folder}/`));
  return {
    id: JSON.stringify(['broken code', before?.id, packages]),
    // A link may lead to any number of files.
    followsLinks: false,
    outside: [...packages, ...(before?.outside ?? [])],
    counts: (path) => isTheirs(path) || before?.counts(path) === true,
    leadsTo: (folder) => isTheirs(folder) || isAbove(folder) || before?.leadsTo(folder) === true,
    isOfPlan: () => false,
    concerns: () => false,
  };
}

function readsPath({ files, deps }: Reads, path: string): boolean {
  return files.some((file) => isWithin(path, file)) || deps.some((dep) => isRead(dep, path));
}

function isRead(dep: Dep, path: string): boolean {
  const isNamed = dep.glob ? matchGlob(globOf(dep), path) : isWithin(path, dep.path);
  return isNamed && !isHeldBack(dep, path, ignoreRulesOf(dep));
}

function isOnTheWay(dep: Dep, folder: string): boolean {
  return mayHold(globOf(dep), folder) && !isHeldBack(dep, folder, ignoreRulesOf(dep));
}

const globOf = oncePer((dep: Dep): Glob => parseGlob(dep.path));
