/**
 * Finds the Python code that a command executes: `python x.py`, `uv run -m pkg.mod`, `python -c
 * "…"`. Pure.
 */
import { folderIn, inProject, isOutside } from '../project-paths.js';
import { commandStart, programName, type SimpleCommand } from '../shell-commands.js';
import { INTERPRETER, isNotebook, isPython } from './file-kinds.js';
import { hiddenStart, namedProjects } from './named-projects.js';
import type { Choice } from './python-environment.js';
import { variableFiles } from './variable-files.js';

export interface Launch {
  /**
   * `program`: a file whose first line names its interpreter. `input`: a file that Python reads
   * from its standard input, as a text. `entry`: a command that a build file of the project
   * defines. `tests`: what pytest or unittest collects.
   */
  readonly kind: 'file' | 'module' | 'text' | 'program' | 'input' | 'entry' | 'tests';
  /**
   * A path relative to the project, the dotted name of a module, the program text, the name of the
   * command, or lines with the collector and its paths.
   */
  readonly target: string;
  /** Working directory, relative to the project. */
  readonly folder: string;
  /** Folders of PYTHONPATH within the project. */
  readonly path: readonly string[];
  /** Folders of other projects whose packages are installed: of `uv run --project sub`. */
  readonly projects?: readonly string[];
  /** Files with variables, which may not exist: the `.env` of pipenv. */
  readonly variables?: readonly string[];
  /** For a program or an entry: the environment in which it starts. */
  readonly within?: Choice | undefined;
}

/** A command with the scripts among its words. */
export interface Named {
  readonly command: SimpleCommand;
  readonly files: readonly string[];
}

interface Launches {
  readonly launches: readonly Launch[];
  /** Why a program that the commands start is unknown. */
  readonly unclear: readonly string[];
}

/** Names of the commands that build files of a folder, and of those above it, define. */
export type CommandNames = (folder: string) => ReadonlySet<string>;

/** The context of the commands. */
export interface Surroundings {
  /** Of a script, as of its launch. */
  readonly path?: readonly string[];
  readonly variables?: readonly string[] | undefined;
  readonly within?: Choice | undefined;
  readonly entries?: CommandNames | undefined;
}

/** Options of Python whose value is the next word. */
const VALUED = new Set(['-W', '-X', '--check-hash-based-pycs']);

/** Like Python, they accept a module after `-m` or `--module`. */
const RUNNERS = new Set(
  (
    'uv torchrun torch.distributed.run torch.distributed.launch accelerate ' +
    'accelerate.commands.launch deepspeed coverage cProfile profile pdb trace debugpy viztracer ' +
    'kernprof scalene memray pyinstrument mpi4py mpi4py.futures ddtrace-run luigi'
  ).split(' '),
);

/** Commands in execution order: an exported variable applies to the next ones. */
export function pythonLaunches(
  commands: readonly Named[],
  { path: outer = [], entries = noNames, variables: set = [] }: Surroundings = {},
): Launches {
  const launches = new Map<string, Launch>();
  const unclear = new Set<string>();
  let exported: readonly string[] | undefined;
  for (const { command, files } of commands) {
    const { folder, words, within } = command;
    const notes = [hiddenStart(command), namedProjects(command).unclear];
    for (const note of notes) if (note !== undefined) unclear.add(note);
    if (folder === undefined) continue;
    const given = words
      .find((word) => word?.startsWith('PYTHONPATH='))
      ?.slice(11)
      .split(':');
    if (given !== undefined && /^(?:export$|PYTHONPATH=)/.test(words[0] ?? '')) exported = given;
    const projects = otherProjects(folder, within);
    const isDefined = (name: string) => [folder, ...projects].some((at) => entries(at).has(name));
    const searched = (given ?? exported ?? []).map((one) => folderBelow(folder, one));
    const found = [
      ...executed(command),
      ...notebooks(words),
      ...files.map(file),
      ...named(words, isDefined),
    ];
    const targets = found.flatMap((each) =>
      each.kind === 'folder' ? scriptsAt(folder, each.target) : [each],
    );
    if (targets.length > 0 && searched.some((at) => at.length === 0))
      unclear.add('PYTHONPATH has a folder that is absolute or outside of the project');
    if (targets.length === 0 && programBehind(words) === 'computed')
      unclear.add('the shell computes what Python executes');
    if (targets.length === 0 && command.piped && programBehind(words) === 'input')
      unclear.add('Python executes what another program prints');
    const isOverwritten =
      words.includes('--inplace') && words.some((word) => word && isNotebook(word));
    if (isOverwritten) unclear.add('a notebook that --inplace overwrites does not count');
    const variables = [...new Set([...variableFiles(folder, words), ...set])];
    for (const { kind, target } of targets) {
      const isProgram = kind === 'program' || kind === 'entry';
      const launch: Launch = {
        kind,
        target,
        folder,
        path: [...new Set([...searched.flat(), ...outer])],
        ...(projects.length > 0 && { projects }),
        ...(variables.length > 0 && { variables }),
        ...(isProgram && within && { within }),
      };
      launches.set(JSON.stringify(launch), launch);
    }
  }
  return { launches: [...launches.values()], unclear: [...unclear] };
}

/** Projects that a tool names, or in whose folder it started the program. */
function otherProjects(folder: string, { from = '', projects = [] }: Choice = {}): string[] {
  return [...new Set([from, ...projects])].filter((each) => each !== folder && each !== '');
}

const noNames: CommandNames = () => new Set();

interface Found {
  readonly kind: Launch['kind'];
  readonly target: string;
}

/** `folder`: a file or a folder, relative to the working directory. */
type Argument = Found | { readonly kind: 'folder'; readonly target: string };

function file(target: string): Found {
  return { kind: isPython(target) ? 'file' : 'program', target };
}

/** Python executes a folder by its `__main__.py`. */
function scriptsAt(folder: string, word: string): Found[] {
  const files = inProject(folder, word);
  const isFile = files.some((each) => isPython(each) || isNotebook(each));
  const inner = isFile ? [] : inProject(folder, `${word}/__main__.py`);
  return [...files, ...inner].map((target) => ({ kind: 'file', target }));
}

/** A folder of PYTHONPATH, relative to the project; an empty one means the current folder. */
export function folderBelow(folder: string, entry: string): string[] {
  if (entry.startsWith('/')) return [];
  const joined = folderIn(folder, entry);
  return isOutside(joined) ? [] : [joined];
}

/** What Python executes by the words of a command. */
export function executed({ folder = '', words, inputs, text }: SimpleCommand): Argument[] {
  const found: Argument[] = [];
  const start = commandStart(words);
  const isInput = programBehind(words) === 'input';
  if (isInput && text !== undefined && isProgramText(text))
    found.push({ kind: 'text', target: text });
  if (isInput)
    for (const target of inputs.flatMap((each) => inProject(folder, each)))
      found.push({ kind: 'input', target });
  for (const [at, word] of words.entries()) {
    const behind = words.slice(at + 1);
    if (word === undefined) {
      if (at === start && /^-m/.test(behind[0] ?? '')) found.push(...argument(behind));
    } else if (INTERPRETER.test(word)) found.push(...argument(behind));
    else if (word === '-m' || word === '--module') {
      if (words.slice(0, at).some(isRunner)) found.push(...moduleNamed(behind));
    } else if (/^(?:-s|--script|--gui-script)$/.test(word)) {
      const [script] = behind;
      if (isOfUv(words, at) && script !== undefined) found.push({ kind: 'folder', target: script });
    } else if (/^py\.?test$/.test(word) && (at === start || words.slice(0, at).includes('run')))
      found.push(collector('pytest', behind));
  }
  return found;
}

/** After `uv run`, and before a program. */
function isOfUv(words: SimpleCommand['words'], at: number): boolean {
  const before = words.slice(0, at);
  const uv = before.findIndex((word) => programName(word) === 'uv');
  return (
    uv >= 0 && before.indexOf('run') > uv && !before.some((word) => INTERPRETER.test(word ?? ''))
  );
}

/** Whether an interpreter reads its program from its input, or from what the shell computes. */
function programBehind(words: SimpleCommand['words']): 'input' | 'computed' | undefined {
  const at = words.findIndex((word) => word !== undefined && INTERPRETER.test(word));
  const dash = words.indexOf('-');
  if (dash >= 0 && isOfUv(words, dash)) return 'input';
  if (at < 0) return undefined;
  const behind = words.slice(at + 1);
  let isInput = true;
  for (const [index, word] of behind.entries()) {
    if (word === undefined) return 'computed';
    if (VALUED.has(behind[index - 1] ?? '')) continue;
    if (word === '-') break;
    if (!word.startsWith('-')) return undefined;
    if (!/^-[^mcVh-]*$/.test(word)) isInput = false;
  }
  return isInput ? 'input' : undefined;
}

/** They take the name of a task without `run`. */
const TASK_PROGRAMS = /^(?:poe|poethepoet|pdm|task|uvx)$/;

/** The command itself, or the one that `uv run` or a similar tool starts. */
function named(words: SimpleCommand['words'], isDefined: (name: string) => boolean): Found[] {
  const start = commandStart(words);
  const run = words.findIndex((word, at) => word === 'run' || (word === 'r' && at > start));
  const runner = words.findIndex((word) => TASK_PROGRAMS.test(programName(word)));
  const first = run < 0 ? runner : run;
  const names = first < 0 ? words.slice(start, start + 1) : words.slice(first + 1);
  return names.flatMap((word) => {
    // `hatch run test:train` is `train` in the environment `test`.
    const name = programName(word);
    const found = [name, name.replace(/^[\w.-]+:/, '')].find(isDefined);
    return found === undefined ? [] : [{ kind: 'entry', target: found }];
  });
}

/** Executed notebooks, except where the execution overwrites them. */
function notebooks(words: SimpleCommand['words']): Argument[] {
  const names = words.map(programName);
  const has = (pattern: RegExp) => words.some((word) => pattern.test(word ?? ''));
  const isJupyter = names.some((name) => /^(?:jupyter|(?:jupyter-)?nbconvert)$/.test(name));
  const isExecuted =
    names.some((name) => /^jupyter-(?:execute|run)$/.test(name)) ||
    (isJupyter && has(/^(?:--execute|execute|run|script|--to=(?:script|python))$/));
  const files = words.filter((word) => word !== undefined && isNotebook(word)) as string[];
  // The second one that papermill names is its output.
  const read = names.includes('papermill') ? files.slice(0, 1) : files;
  if (!names.includes('papermill') && (!isExecuted || words.includes('--inplace'))) return [];
  return read.map((target) => ({ kind: 'folder', target }));
}

export function isRunner(word: string | undefined): boolean {
  return RUNNERS.has(programName(word));
}

/** What an interpreter executes, by its arguments. */
function argument(words: SimpleCommand['words']): Argument[] {
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === undefined || word === '-') return [];
    const [, option, attached] = /^-[a-zA-VY-Z]*?([mc])(.*)$/s.exec(word) ?? [];
    const rest = attached === '' ? words.slice(at + 1) : [attached, ...words.slice(at + 1)];
    if (VALUED.has(word)) at += 1;
    else if (option === 'm') return moduleNamed(rest);
    else if (option === 'c') {
      const [text] = rest;
      return text !== undefined && isProgramText(text) ? [{ kind: 'text', target: text }] : [];
    } else if (!word.startsWith('-')) return [{ kind: 'folder', target: word }];
  }
  return [];
}

/** False for a text that loads nothing. */
function isProgramText(text: string): boolean {
  return /import|exec|run_|subprocess|system/.test(text);
}

/** The first word is the name after `-m`. */
function moduleNamed([name, ...more]: SimpleCommand['words']): Found[] {
  if (name === undefined || !MODULE.test(name)) return [];
  if (name === 'pytest') return [collector(name, more)];
  if (name !== 'unittest') return [{ kind: 'module', target: name }];
  const modules = more.filter(
    (word) => word !== undefined && MODULE.test(word) && word !== 'discover',
  );
  const isDiscovery = modules.length === 0 || more.includes('discover');
  return isDiscovery
    ? [collector(name, more)]
    : modules.map((target) => ({ kind: 'module', target: target as string }));
}

const MODULE = /^[^\W\d]\w*(?:\.[^\W\d]\w*)*$/u;

/** Only the disk shows which of the words are paths. */
function collector(name: string, words: SimpleCommand['words']): Found {
  const paths = words.filter((word) => word !== undefined && !/^-|[\n:=]$/.test(word)) as string[];
  return { kind: 'tests', target: [name, ...paths.map((each) => each.split('::')[0])].join('\n') };
}
