/** Finds the interpreter that a command starts, as the shell and the tools for environments do. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { unless } from '../../sys/if-there.js';
import { firstText } from '../../sys/open-file.js';
import type { FsSnapshot } from '../fs-snapshot.js';
import { upward, within } from '../project-paths.js';
import { INTERPRETER } from './file-kinds.js';
import type { Program } from './programs.js';
import type { Environment } from './python-environment.js';
import { sourceOf } from './python-source.js';

export interface Machine {
  readonly snapshot: FsSnapshot;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Variables that decide which Python starts, and where it finds packages. */
export const PYTHON_VARIABLES: readonly string[] = (
  'PATH HOME VIRTUAL_ENV UV_PROJECT_ENVIRONMENT PYTHONPATH PYTHONHOME PYTHONUSERBASE ' +
  'PYTHONNOUSERSITE PYTHONPLATLIBDIR PYENV_VERSION PYENV_ROOT ASDF_PYTHON_VERSION CONDA_EXE ' +
  'CONDA_ENVS_PATH CONDA_ENVS_DIRS MAMBA_ROOT_PREFIX'
).split(' ');

/** What is missing, and what to do. */
interface Lack {
  readonly message: string;
  readonly hint: string;
}

/** Absolute path of the interpreter; undefined if none of the words starts Python. */
export function locate(program: Program, machine: Machine): string | Lack | undefined {
  const { folder, words, environment, from = folder, script } = program;
  const start = path.join(machine.snapshot.root, folder);
  if (script !== undefined && listsPackages(path.resolve(start, script), machine))
    return {
      message: `uv run creates a separate environment for ${script}, which lists its packages`,
      hint: 'remove `packages`: the list counts as code; write exact versions in it',
    };
  const own =
    environment && environmentAt(environment, path.join(machine.snapshot.root, from), machine);
  if (own !== undefined && typeof own !== 'string') return own;
  const bins = own === undefined ? [] : [path.join(own, 'bin')];
  const search = [...bins, ...(machine.env.PATH ?? '').split(path.delimiter)];
  const find = (word: string) => findProgram(word, { start, search }, machine);
  for (const word of words) {
    const file = find(word);
    if (INTERPRETER.test(word)) return file ?? notFound(word, own);
    const command = file && executes(file);
    if (command === undefined) continue;
    return find(command) ?? notFound(command, own);
  }
  return undefined;
}

function listsPackages(script: string, machine: Machine): boolean {
  if (!isThere(script, machine)) return false;
  return sourceOf(readFileSync(script)).directives.includes('# /// script');
}

function notFound(word: string, environment: string | undefined): Lack {
  const where = word.includes('/') ? '' : ' in PATH';
  return {
    message: `there is no ${word}${environment === undefined ? where : ` in ${environment}/bin or PATH`}`,
    hint: word.includes('/')
      ? 'create the environment (python3 -m venv …, uv sync), or correct the path'
      : 'install it, create the environment that contains it, or correct its name',
  };
}

interface Search {
  /** Absolute path of the folder in which the command runs. */
  readonly start: string;
  readonly search: readonly string[];
}

function findProgram(
  word: string,
  { start, search }: Search,
  machine: Machine,
): string | undefined {
  const folders = word.includes('/') ? [''] : search;
  const files = folders.map((folder) => path.resolve(start, folder, word));
  return files.find((file) => isThere(file, machine));
}

/** Enough for the first two lines of a script. */
const HEAD = 1024;

/** The interpreter that the first line names, a path or a name; undefined unless it is Python. */
function executes(file: string): string | undefined {
  const [first = '', second = ''] = headOf(file).split('\n');
  if (!first.startsWith('#!')) return undefined;
  // If the path is too long for the first line, it is in the second one.
  const long = /^'''exec' "?(\/[^"\s]+)/.exec(second)?.[1];
  const words = long === undefined ? first.slice(2).trim().split(/\s+/) : [long];
  return words.find((word) => INTERPRETER.test(word));
}

/** The first bytes of a file; empty if it is not a file, or may only be executed. */
export function headOf(file: string): string {
  if (!statSync(file).isFile()) return '';
  return unless(['EACCES'], () => firstText(file, HEAD, 'latin1')) ?? '';
}

/** Absolute path; `start`: that of the folder in which the command runs. */
export function environmentAt(
  environment: Environment,
  start: string,
  machine: Machine,
): string | Lack {
  if (environment.kind === 'folder') return path.resolve(start, environment.path);
  if (environment.kind === 'conda') return condaEnvironment(environment.name, machine);
  const { tool, name } = environment;
  if (tool === 'hatch')
    return {
      message: `hatch run uses the environment "${name}", which only hatch finds`,
      hint: `run \`hatch env create ${name}\` first`,
    };
  if (name !== undefined) return pixiEnvironment(name, start, machine);
  const named = tool === 'uv' ? machine.env.UV_PROJECT_ENVIRONMENT : machine.env.VIRTUAL_ENV;
  if (named !== undefined && named !== '') return path.resolve(start, named);
  for (const folder of upward(start)) {
    const found = path.join(folder, '.venv');
    if (isThere(path.join(found, 'pyvenv.cfg'), machine)) return found;
  }
  return {
    message: `${tool} run uses the environment of the project, and there is no .venv`,
    hint:
      tool === 'uv'
        ? 'run `uv sync` first'
        : `create .venv (poetry: \`poetry config virtualenvs.in-project true\`), or activate the environment before \`pipe\``,
  };
}

function pixiEnvironment(name: string, start: string, machine: Machine): string | Lack {
  for (const folder of upward(start)) {
    const found = path.join(folder, '.pixi', 'envs', name);
    if (isThere(path.join(found, 'conda-meta'), machine)) return found;
  }
  return {
    message: `pixi run uses the environment "${name}", and there is no .pixi/envs/${name}`,
    hint: 'run `pixi install` first',
  };
}

function condaEnvironment(name: string, machine: Machine): string | Lack {
  const { env } = machine;
  const roots = [
    env.CONDA_EXE && path.dirname(path.dirname(env.CONDA_EXE)),
    env.MAMBA_ROOT_PREFIX,
  ].filter((each) => each !== undefined && each !== '') as string[];
  const listed = [env.CONDA_ENVS_PATH, env.CONDA_ENVS_DIRS].flatMap(
    (each) => each?.split(':') ?? [],
  );
  const home = env.HOME === undefined ? [] : [path.join(env.HOME, '.conda', 'envs')];
  const places =
    name === 'base'
      ? roots
      : [...listed, ...roots.map((root) => path.join(root, 'envs')), ...home].map((folder) =>
          path.join(folder, name),
        );
  const found = places.find((place) => isThere(path.join(place, 'conda-meta'), machine));
  if (found !== undefined) return found;
  return {
    message: `the conda environment "${name}" was not found`,
    hint: 'create it, or name its folder: conda run -p <folder>',
  };
}

function isThere(file: string, { snapshot }: Machine): boolean {
  return snapshot.stamp(within(snapshot.root, file)) !== undefined;
}
