/** Determines which Python a command starts, from its words alone. Pure. */
import { commandStart, type SimpleCommand } from '../shell-commands.js';
import { INTERPRETER, isPython, type Named, pythonLaunches } from './launches.js';

/** A program that starts Python, or a script that Python executes. */
export interface Program {
  /** Relative to the project. */
  readonly folder: string;
  /** The first of these that is an interpreter, or a script for one, is the program. */
  readonly words: readonly string[];
  /**
   * True if `uv run` itself executes it, which creates an environment for a script that lists its
   * packages.
   */
  readonly script?: string;
  /** Where to look for programs before PATH. */
  readonly environment?: Environment;
  /** Why the words do not show which Python it is. */
  readonly unclear?: string;
}

export type Environment =
  /** A virtual environment, relative to where the command runs. */
  | { readonly kind: 'folder'; readonly path: string }
  /** The environment that a tool such as uv keeps for the project; pixi has several, by name. */
  | { readonly kind: 'project'; readonly tool: string; readonly name?: string }
  /** A conda environment by its name. */
  | { readonly kind: 'conda'; readonly name: string };

type Words = SimpleCommand['words'];
type Choice = Pick<Program, 'environment' | 'unclear'>;

const PROJECT_TOOLS = new Set(['uv', 'poetry', 'pdm', 'rye', 'pipenv']);
/** They start Python in an environment with other packages. */
const ELSEWHERE = new Set(['docker', 'podman', 'singularity', 'apptainer', 'ssh', 'hatch']);
const CONDA = new Set(['conda', 'mamba', 'micromamba']);

/** With these options uv creates an environment other than the project's. */
const OTHER_ENVIRONMENT =
  /^(?:--(?:with|with-editable|with-requirements|isolated|no-project|script|python|project|directory|active)(?:=|$)|-[ps]$)/;

/** A program for each simple command that executes Python code of the project. */
export function pythonPrograms(
  commands: readonly Named[],
  entries?: ReadonlySet<string>,
): Program[] {
  const programs: Program[] = [];
  let activated: Choice = {};
  for (const { command, files } of commands) {
    activated = activation(command.words) ?? activated;
    const { launches } = pythonLaunches([{ command, files }], { entries });
    if (command.folder === undefined || launches.every(({ kind }) => kind === 'program')) continue;
    programs.push({ folder: command.folder, ...programOf(command.words, activated) });
  }
  return programs;
}

/** The folder of the Python environment that installed a program; undefined for any other file. */
export function environmentOf(
  file: string,
  exists: (where: string) => boolean,
): string | undefined {
  const folder = /^(.+)\/bin\/[^/]+$/.exec(file)?.[1];
  if (folder === undefined) return undefined;
  return ['pyvenv.cfg', 'conda-meta'].some((name) => exists(`${folder}/${name}`))
    ? folder
    : undefined;
}

/** The effect of a command on later ones: `. .venv/bin/activate`, `conda activate x`. */
function activation(words: Words): Choice | undefined {
  const [first, second] = words;
  if (first === '.' || first === 'source') {
    const folder = /^(.+)\/bin\/activate$/.exec(second ?? '')?.[1];
    return folder === undefined ? undefined : { environment: { kind: 'folder', path: folder } };
  }
  if (first !== undefined && CONDA.has(first) && second === 'activate')
    return { environment: condaNamed(words[2]) };
  if (first === 'export' && words.some(setsPath)) return { unclear: 'the command sets PATH' };
  return undefined;
}

function programOf(words: Words, activated: Choice): Omit<Program, 'folder'> {
  const start = commandStart(words);
  if (words.slice(0, start).some(setsPath)) return { words: [], unclear: 'the command sets PATH' };
  for (let at = start; at < words.length; at++) {
    const word = words[at];
    if (word === undefined) {
      if (at > start) continue;
      return { words: [], unclear: 'the shell computes the name of the program' };
    }
    if (INTERPRETER.test(word)) return { words: [word], ...(isPath(word) ? {} : activated) };
    const behind = words.slice(at + 1);
    const name = word.slice(word.lastIndexOf('/') + 1);
    if (ELSEWHERE.has(name))
      return { words: [], unclear: `${name} starts Python in a separate environment` };
    if (!behind.includes('run')) continue;
    if (name === 'pixi') return ofPixi(behind);
    if (PROJECT_TOOLS.has(name)) return ofProject(name, behind);
    if (CONDA.has(name)) return ofConda(behind);
  }
  const named = words.slice(start).filter((word) => word !== undefined && !word.startsWith('-'));
  return { words: named as string[], ...activated };
}

/** Such a tool starts programs with the Python of the environment, unless a path names another one. */
function ofProject(tool: string, behind: Words): Omit<Program, 'folder'> {
  const option = behind
    .slice(behind.indexOf('run') + 1)
    .find((word) => OTHER_ENVIRONMENT.test(word ?? ''));
  const environment = { kind: 'project', tool } as const;
  if (option !== undefined) {
    // Packages of `--with` are added to the project's environment.
    const base = option.startsWith('--with') ? { environment } : {};
    return { words: [], ...base, unclear: `${tool} chooses an environment by ${option}` };
  }
  const words = interpreterIn(behind);
  const script = behind.find((word) => word !== undefined && isPython(word));
  const isAlone = tool === 'uv' && words[0] === 'python' && !behind.includes('python');
  return { words, environment, ...(isAlone && script !== undefined && { script }) };
}

function ofPixi(behind: Words): Omit<Program, 'folder'> {
  const name = optionOf(behind, /^(?:-e|--environment)(?:=|$)/) ?? 'default';
  return { words: interpreterIn(behind), environment: { kind: 'project', tool: 'pixi', name } };
}

function ofConda(behind: Words): Omit<Program, 'folder'> {
  const folder = optionOf(behind, /^(?:-p|--prefix)(?:=|$)/);
  const name = optionOf(behind, /^(?:-n|--name)(?:=|$)/);
  if (folder === undefined && name === undefined)
    return { words: [], unclear: 'conda run does not name its environment' };
  const environment: Environment =
    folder === undefined ? condaNamed(name) : { kind: 'folder', path: folder };
  return { words: interpreterIn(behind), environment };
}

/** The value of an option: after `=`, or the next word. */
function optionOf(words: Words, option: RegExp): string | undefined {
  const at = words.findIndex((word) => option.test(word ?? ''));
  const word = words[at];
  return word?.includes('=') ? word.slice(word.indexOf('=') + 1) : words[at + 1 || words.length];
}

function interpreterIn(words: Words): string[] {
  return [words.find((word) => word !== undefined && INTERPRETER.test(word)) ?? 'python'];
}

/** A path instead of a name is the environment's folder. */
function condaNamed(name = 'base'): Environment {
  return isPath(name) ? { kind: 'folder', path: name } : { kind: 'conda', name };
}

function isPath(word: string): boolean {
  return word.includes('/');
}

function setsPath(word: string | undefined): boolean {
  return word?.startsWith('PATH=') ?? false;
}
