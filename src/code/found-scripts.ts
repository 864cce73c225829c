/** Collects the scripts of a command, and those that they start in turn. */
import path from 'node:path';
import { getOrMake, oncePer, oncePerText } from '../lists.js';
import type { Dep, Out } from '../pipeline/plan.js';
import { isWithin } from '../sys/is-within.js';
import { type FsSnapshot, isFileDigest } from './fs-snapshot.js';
import type { NamedScripts } from './named.js';
import { isPython } from './python/file-kinds.js';
import { headOf } from './python/find-interpreter.js';
import type { Launch } from './python/launches.js';
import type { Program } from './python/programs.js';
import { environmentOf } from './python/python-environment.js';
import type { TracedScript, Untraced } from './script-trace.js';

/** A single file that is not traced, a JavaScript or TypeScript file, or a launch. */
export type Script = { readonly kind: 'script'; readonly target: string } | Launch;

export interface TracedScripts {
  /**
   * Digest by path of each script and local import: `f:<SHA-256>` of its bytes, or for Python
   * `py:<SHA-256>` of its code.
   */
  readonly scripts: Readonly<Record<string, string>>;
  /** SHA-256 of the bytes of each file. */
  readonly bytes: Readonly<Record<string, string>>;
  /** These files, and the scripts and imports that count as deps. */
  readonly executed: readonly string[];
  /** For imports: the importing file. */
  readonly importers: Readonly<Record<string, string>>;
  /** Version by name of the packages that JavaScript and TypeScript scripts import. */
  readonly packages: Readonly<Record<string, string>>;
  /** Top-level names that Python files import and that are not local, sorted. */
  readonly external: readonly string[];
  /** Code loads and program starts that pipe cannot follow. */
  readonly opaque: readonly Untraced[];
  /** How the command, and the scripts that it names, start Python. */
  readonly programs: readonly Program[];
  /** Names of the stored traces. */
  readonly traces: readonly string[];
}

/** The result for most commands, which name no script. */
export const NO_SCRIPTS: TracedScripts = {
  scripts: {},
  bytes: {},
  executed: [],
  importers: {},
  packages: {},
  external: [],
  opaque: [],
  programs: [],
  traces: [],
};

/** Files that count only as deps or outs. */
export interface Declared {
  /** A script that is a declared dep counts only as a dep. */
  readonly deps: readonly Pick<Dep, 'path' | 'glob' | 'made'>[];
  readonly outs: readonly Pick<Out, 'path'>[];
}

/** A file of the project counts by its own digest, with the dep that contains it, or not at all. */
type Count = 'script' | 'dep' | 'out';

/** Outs are not scripts of the project, even if they exist. */
function countOf(file: string, { deps, outs }: Declared): Count {
  const made = [...outs, ...deps.filter((dep) => dep.made && !dep.glob)];
  if (made.some(({ path }) => isWithin(file, path))) return 'out';
  return deps.some((dep) => !dep.glob && isWithin(file, dep.path)) ? 'dep' : 'script';
}

/** For Python, includes how it is executed, because this determines where imports are looked up. */
export function nameOf(script: Script): string {
  return script.kind === 'script' ? script.target : JSON.stringify(script);
}

/** Traced one by one, because each may start more. */
export class Found {
  readonly #options: Declared;
  readonly #snapshot: FsSnapshot;
  readonly #traced = new Map<string, TracedScript>();
  readonly #queue: Script[] = [];
  readonly #programs: Program[];
  readonly #opaque: Untraced[];
  readonly #counts = new Map<string, Count>();
  /** For each script, the file that starts it. */
  readonly #starters: Record<string, string> = {};

  constructor(named: NamedScripts, options: Declared, snapshot: FsSnapshot) {
    this.#options = options;
    this.#snapshot = snapshot;
    this.#programs = [...named.programs];
    this.#opaque = named.unclear.map((message) => ({ message }));
    this.#enqueue(named);
  }

  next(): Script | undefined {
    for (let script = this.#queue.shift(); script !== undefined; script = this.#queue.shift())
      if (!this.#traced.has(nameOf(script))) return script;
    return undefined;
  }

  add(script: Script, traced: TracedScript): void {
    this.#traced.set(nameOf(script), traced);
    this.#opaque.push(...(traced.opaque ?? []));
    for (const { named, by } of traced.starts ?? []) {
      // A program that Python starts runs in the same environment.
      if (!isPython(by)) this.#programs.push(...named.programs);
      for (const { target } of this.#enqueue(named)) this.#starters[target] ??= by;
    }
  }

  /** The files that exist. */
  #enqueue({ files, launches }: NamedScripts): readonly Script[] {
    const scripts = files.map((target) => ({ kind: 'script', target }) as const);
    const there = [...scripts, ...launches].filter(
      ({ kind, target }) => !IS_FILE.has(kind) || this.#isThere(target),
    );
    for (const each of there) {
      if (each.kind !== 'program') {
        this.#queue.push(each);
        continue;
      }
      const python = asPython(each, this.#snapshot);
      if (python !== undefined) this.#programs.push(programAt(each));
      this.#queue.push(python ?? each);
    }
    return there;
  }

  /** The bytes of a program of an environment depend on the machine. */
  #isThere(file: string): boolean {
    const isOfEnvironment = environmentOf(file, this.#snapshot.exists) !== undefined;
    return (
      this.#countOf(file) !== 'out' && !isOfEnvironment && isFileDigest(this.#snapshot.hex(file))
    );
  }

  #countOf(file: string): Count {
    return getOrMake(this.#counts, file, () => countOf(file, this.#options));
  }

  /** True if all that was found is the same with these deps and outs. */
  isSameFor(declared: Declared): boolean {
    for (const [file, count] of this.#counts) if (countOf(file, declared) !== count) return false;
    return true;
  }

  together(): TracedScripts {
    const found = [...this.#traced.values()];
    const isBare = found.length === 0 && this.#opaque.length + this.#programs.length === 0;
    if (isBare) return NO_SCRIPTS;
    const scripts: Record<string, string> = {};
    const bytes: Record<string, string> = {};
    const executed = new Set<string>();
    for (const { files, code } of found) {
      for (const file in files) {
        const count = this.#countOf(file);
        if (count === 'out') continue;
        executed.add(file);
        if (count === 'dep') continue;
        bytes[file] = files[file] as string;
        const digest = code?.[file];
        // A file that JavaScript imports as text counts by its bytes, whatever its type.
        if (digest === undefined) scripts[file] = `f:${files[file]}`;
        else scripts[file] = withDigest(scripts[file], digest);
      }
    }
    const starters = Object.entries(this.#starters).filter(([file]) => executed.has(file));
    return {
      scripts: sorted(scripts),
      bytes,
      executed: [...executed],
      importers: Object.assign(
        Object.fromEntries(starters),
        ...found.map((each) => each.importers),
      ),
      packages: Object.assign({}, ...found.map((each) => each.packages)),
      external: [...new Set(found.flatMap((each) => each.external ?? []))].sort(),
      opaque: this.#opaque,
      programs: this.#programs,
      traces: [...this.#traced.keys()],
    };
  }
}

/** In canonical order, which makes the key of each item cheap. */
export function sorted(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.keys(values)
      .sort()
      .map((name) => [name, values[name] as string]),
  );
}

/** A file may count in several ways, for example if only one of the programs reads its docstrings. */
function withDigest(known: string | undefined, digest: string): string {
  if (known === undefined) return `py:${digest}`;
  return known.startsWith('f:') || known.includes(digest) ? known : `${known}+${digest}`;
}

/** For scripts that are files of the project. */
const IS_FILE: ReadonlySet<Script['kind']> = new Set(['script', 'file', 'program', 'input']);

const PYTHON = /^#!.*\b(?:i?python[\d.]*|pypy[\d.]*|uv run)\b/;

/** The launch of a Python program; undefined for any other program. */
function asPython(launch: Launch, snapshot: FsSnapshot): Launch | undefined {
  if (launch.kind !== 'program') return launch;
  return startsPython(snapshot)(launch.target) ? { ...launch, kind: 'file' } : undefined;
}

const startsPython = oncePer(({ root }: FsSnapshot) =>
  oncePerText((file) => PYTHON.test(headOf(path.join(root, file)))),
);

/** How the system starts it. */
function programAt({ target, folder, within }: Launch): Program {
  return { ...within, folder, words: [`./${path.posix.relative(`/${folder}`, `/${target}`)}`] };
}
