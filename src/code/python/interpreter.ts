/** Queries an interpreter once for its version and its package folders, and stores the answer. */
import path from 'node:path';
import { sha256 } from '../../canonical.js';
import { userError } from '../../error.js';
import type { FsSnapshot } from '../fs-snapshot.js';
import { upward, within } from '../project-paths.js';
import type { TraceCache } from '../trace-cache.js';
import { headOf, type Machine, PYTHON_VARIABLES } from './find-interpreter.js';

export interface Interpreter {
  /** `3.12.1`; with the name of an implementation other than CPython. */
  readonly version: string;
  /** Absolute paths of the folders with packages, in the order of sys.path. */
  readonly folders: readonly string[];
  /** Top-level names of the standard library. */
  readonly standard: readonly string[];
}

/** A program for Python that prints an interpreter as JSON in its last line. */
const QUESTION = `
import json, os, platform, site, sys, sysconfig
own = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
own |= {os.path.join(folder, "lib-dynload") for folder in own}
folders = [each for each in sys.path if each and os.path.isdir(each)]
if getattr(site, "ENABLE_USER_SITE", False):
    folders.append(site.getusersitepackages())
standard = getattr(sys, "stdlib_module_names", None)
if standard is None:
    standard = set(sys.builtin_module_names)
    for folder in own:
        if os.path.isdir(folder):
            standard |= {name.split(".")[0] for name in os.listdir(folder)}
implementation = platform.python_implementation()
version = platform.python_version()
print("\\n" + json.dumps({
    "version": version if implementation == "CPython" else f"{version} ({implementation})",
    "folders": [os.path.abspath(each) for each in folders if os.path.realpath(each) not in own],
    "standard": sorted(standard),
}))
`;

export interface Asking extends Machine {
  readonly traceCache: TraceCache;
  /** Runs a program in Python, and returns its output. */
  readonly ask: (file: string, program: string, folder: string) => Promise<string>;
}

interface Kept {
  /** The inputs of the answer. */
  readonly inputs: Inputs;
  readonly interpreter: Interpreter;
}

interface Inputs {
  readonly env: Readonly<Record<string, string | null>>;
  /** Stamps of the interpreter and of files that configure it, by absolute path; null: absent. */
  readonly stamps: Readonly<Record<string, string | null>>;
}

/** `folder`: where the command runs, relative to the project. */
export async function interpreterAt(
  file: string,
  folder: string,
  asking: Asking,
): Promise<Interpreter> {
  const { traceCache, snapshot } = asking;
  const start = path.join(snapshot.root, folder);
  const name = sha256(JSON.stringify(['python', traceCache.build, file, start]));
  const kept = traceCache.read(name) as Kept | undefined;
  if (kept !== undefined) {
    const inputs = inputsOf(file, start, kept.interpreter.folders, asking);
    if (JSON.stringify(inputs) === JSON.stringify(kept.inputs)) return kept.interpreter;
  }
  const interpreter = parsed(await asking.ask(file, QUESTION, start), file);
  const inputs = inputsOf(file, start, interpreter.folders, asking);
  traceCache.write(name, { inputs, interpreter } satisfies Kept);
  return interpreter;
}

/** A `sitecustomize` may print something too. */
function parsed(output: string, file: string): Interpreter {
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(line) as Interpreter;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw userError(
      'python-failed',
      `${file} does not execute Python: it printed "${line}"`,
      'name the interpreter in the cmd, as in .venv/bin/python train.py',
    );
  }
}

/** Files by which version managers such as pyenv choose the interpreter that their scripts start. */
const VERSION_FILES = ['.python-version', '.tool-versions', 'mise.toml', '.mise.toml'];

function inputsOf(
  file: string,
  start: string,
  folders: readonly string[],
  { snapshot, env }: Machine,
): Inputs {
  const above = path.dirname(path.dirname(file));
  const files = [file, path.join(path.dirname(file), 'pyvenv.cfg'), path.join(above, 'pyvenv.cfg')];
  const isScript = headOf(file).startsWith('#!');
  if (isScript) {
    for (const folder of upward(start))
      files.push(...VERSION_FILES.map((name) => path.join(folder, name)));
    files.push(path.join(above, 'version'), path.join(env.HOME ?? '/', '.tool-versions'));
  }
  for (const folder of folders) {
    const names = namesIn(folder, snapshot).filter((name) => name.endsWith('.pth'));
    files.push(...names.map((name) => path.join(folder, name)));
  }
  const names = PYTHON_VARIABLES.filter((each) => isScript || /^(?:PYTHON|HOME$)/.test(each));
  const stampOf = (each: string) => snapshot.stamp(within(snapshot.root, each)) ?? null;
  return {
    env: Object.fromEntries(names.map((each) => [each, env[each] ?? null])),
    stamps: Object.fromEntries(files.map((each) => [each, stampOf(each)])),
  };
}

export function namesIn(folder: string, snapshot: FsSnapshot): readonly string[] {
  return snapshot.names(within(snapshot.root, folder));
}
