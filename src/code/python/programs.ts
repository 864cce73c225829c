/** Determines which Python a command starts, from its words alone. Pure. */
import { commandStart, programName, type SimpleCommand } from '../shell-commands.js';
import { optionValue, programFrom } from '../started-program.js';
import { INTERPRETER, isPython } from './file-kinds.js';
import { type Named, pythonLaunches, type Surroundings } from './launches.js';
import { isProjectOption, namedProjects } from './named-projects.js';
import type { Choice, Environment } from './python-environment.js';

/** A program that starts Python, or a script that Python executes. */
export interface Program extends Choice {
  /** Relative to the project. */
  readonly folder: string;
  /** The first of these that is an interpreter, or a script for one, is the program. */
  readonly words: readonly string[];
  /** What `uv run` itself executes: it creates an environment for a script that lists its packages. */
  readonly script?: string;
}

type Words = SimpleCommand['words'];

const PROJECT_TOOLS = new Set(['uv', 'poetry', 'pdm', 'rye', 'pipenv']);
/** They start Python in an environment with other packages. */
const ELSEWHERE = new Set(['docker', 'podman', 'singularity', 'apptainer', 'ssh']);
const CONDA = new Set(['conda', 'mamba', 'micromamba']);

/** With these options uv creates an environment other than the project's. */
const OTHER_ENVIRONMENT =
  /^(?:--(?:with|with-editable|with-requirements|isolated|no-project|script|python|active)(?:=|$)|-[ps]$)/;

/** A program for each simple command that executes Python code of the project. */
export function pythonPrograms(commands: readonly Named[], around: Surroundings): Program[] {
  const programs: Program[] = [];
  for (const named of commands) {
    const { command, files } = named;
    const { folder, words } = command;
    const inner = { ...command, within: environmentFor(command) };
    const { launches } = pythonLaunches([{ command: inner, files }], around);
    const starts = launches.some(({ kind }) => kind !== 'program') && commandStart(words) >= 0;
    if (folder === undefined || !starts) continue;
    programs.push({ folder, ...programOf(command) });
  }
  return programs;
}

/** Each command with the environment that those before it activated, or that surrounds all. */
export function withEnvironments(
  commands: readonly SimpleCommand[],
  around: Choice | undefined,
): SimpleCommand[] {
  let activated = around;
  return commands.map((command) => {
    const { folder, words } = command;
    const next = activation(words);
    if (next !== undefined) activated = { ...next, from: folder ?? '' };
    return { ...command, within: command.within ?? activated };
  });
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

/** The environment that a command gives to the program that it starts: `uv run bash x.sh`. */
export function environmentFor(command: SimpleCommand): Choice | undefined {
  const chosen = chosenBy(command);
  return chosen === undefined ? command.within : { from: command.folder ?? '', ...chosen.choice };
}

function programOf(command: SimpleCommand): Omit<Program, 'folder'> {
  const { words, within = {} } = command;
  const chosen = chosenBy(command);
  if (chosen !== undefined) {
    const { choice, behind } = chosen;
    const { environment, unclear } = choice;
    if (unclear !== undefined) return { words: [], ...choice };
    const isOfUv = environment?.kind === 'project' && environment.tool === 'uv';
    return { words: interpreterIn(behind), ...choice, ...(isOfUv && scriptOf(behind)) };
  }
  const start = commandStart(words);
  const at = words.findIndex((word) => word !== undefined && INTERPRETER.test(word));
  if (words[start] === undefined)
    return { words: [], unclear: 'the shell computes the name of the program' };
  const interpreter = words[at];
  if (interpreter !== undefined)
    return { words: [interpreter], ...(isPath(interpreter) ? {} : within) };
  const named = words.slice(start).filter((word) => word !== undefined && !word.startsWith('-'));
  return { words: named as string[], ...within };
}

/** The choice of the words before an interpreter, and the words after them. */
function chosenBy(command: SimpleCommand): { choice: Choice; behind: Words } | undefined {
  const { words } = command;
  const start = commandStart(words);
  if (words.slice(0, start).some(setsPath))
    return { choice: { unclear: 'the command sets PATH' }, behind: [] };
  for (let at = start; at >= 0 && at < words.length; at++) {
    const word = words[at] ?? '';
    if (INTERPRETER.test(word)) return undefined;
    const behind = words.slice(at + 1);
    const name = programName(word);
    if (ELSEWHERE.has(name)) return { choice: startsElsewhere(name), behind };
    const chosen = (choice: Choice) => ({
      choice: { ...choice, ...namedProjects(command) },
      behind,
    });
    if (name === 'uvx') return chosen(startsElsewhere(name));
    const run = behind.indexOf('run');
    if (run < 0) continue;
    if (name === 'pipx' || (name === 'uv' && behind.lastIndexOf('tool', run) >= 0))
      return chosen(startsElsewhere(name));
    if (name === 'pixi') return chosen(ofPixi(behind));
    if (name === 'hatch') return { choice: ofHatch(behind), behind };
    if (PROJECT_TOOLS.has(name))
      return chosen(ofProject(name, words.slice(at + 1 + run, programFrom(words, at))));
    if (CONDA.has(name)) return { choice: ofConda(behind), behind };
  }
  return undefined;
}

function startsElsewhere(name: string): Choice {
  return { unclear: `${name} starts Python in a separate environment` };
}

/** Such a tool starts programs with the Python of the environment, unless a path names another one. */
function ofProject(tool: string, options: Words): Choice {
  const option = options.find(
    (word = '') => OTHER_ENVIRONMENT.test(word) && !isProjectOption(tool, word),
  );
  const environment = { kind: 'project', tool } as const;
  if (option === undefined) return { environment };
  // Packages of `--with` are added to the project's environment.
  const base = option.startsWith('--with') ? { environment } : {};
  return { ...base, unclear: `${tool} chooses an environment by ${option}` };
}

/** The script that `uv run x.py` executes. */
function scriptOf(behind: Words): Pick<Program, 'script'> {
  const words = behind.filter((word) => word !== undefined);
  const script = words.some((word) => INTERPRETER.test(word)) ? undefined : words.find(isPython);
  return script === undefined ? {} : { script };
}

function ofPixi(behind: Words): Choice {
  const name = optionOf(behind, /^(?:-e|--environment)(?:=|$)/) ?? 'default';
  return { environment: { kind: 'project', tool: 'pixi', name } };
}

/** Its environment is used by `pipe verify`, but only hatch finds it. */
function ofHatch(behind: Words): Choice {
  const option = optionOf(behind, /^(?:-e|--env)(?:=|$)/);
  const named = behind[behind.indexOf('run') + 1]?.match(/^([\w.-]+):[\w.-]+$/)?.[1];
  const name = option ?? named ?? 'default';
  return { environment: { kind: 'project', tool: 'hatch', name }, ...startsElsewhere('hatch') };
}

function ofConda(behind: Words): Choice {
  const folder = optionOf(behind, /^(?:-p|--prefix)(?:=|$)/);
  const name = optionOf(behind, /^(?:-n|--name)(?:=|$)/);
  if (folder === undefined && name === undefined)
    return { unclear: 'conda run does not name its environment' };
  return {
    environment: folder === undefined ? condaNamed(name) : { kind: 'folder', path: folder },
  };
}

function optionOf(words: Words, option: RegExp): string | undefined {
  const at = words.findIndex((word) => option.test(word ?? ''));
  return at < 0 ? undefined : optionValue(words, at);
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
