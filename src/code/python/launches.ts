/**
 * Finds the Python code that a command executes: `python x.py`, `uv run -m pkg.mod`, `python -c
 * "…"`. Pure.
 */
import { folderIn, inProject, isOutside } from '../project-paths.js';
import { commandStart, type SimpleCommand } from '../shell-commands.js';

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
}

/** A command with the scripts among its words. */
export interface Named {
  readonly command: SimpleCommand;
  readonly files: readonly string[];
}

export interface Launches {
  readonly launches: readonly Launch[];
  /** Why a program that the commands start is unknown. */
  readonly unclear: readonly string[];
}

/** The context of the commands. */
export interface Surroundings {
  /** PYTHONPATH of a script, as folders of the project. */
  readonly path?: readonly string[];
  /** Names of commands that build files of the project define. */
  readonly entries?: ReadonlySet<string> | undefined;
}

export function isPython(file: string): boolean {
  return /\.pyw?$/i.test(file);
}

export function isNotebook(file: string): boolean {
  return /\.ipynb$/i.test(file);
}

/** An archive from which Python imports, or whose `__main__` it executes. */
export function isArchive(file: string): boolean {
  return /\.(?:pyz|zip|whl|egg)$/i.test(file);
}

export const INTERPRETER = /(?:^|\/)(?:i?python|pypy)[\d.]*$/;

/** Options of Python whose value is the next word. */
const VALUED = new Set(['-W', '-X', '--check-hash-based-pycs']);

/** Like Python, they accept a module after `-m` or `--module`. */
const RUNNERS = new Set(
  (
    'uv torchrun torch.distributed.run torch.distributed.launch accelerate ' +
    'accelerate.commands.launch deepspeed coverage cProfile profile pdb trace debugpy viztracer ' +
    'kernprof scalene memray pyinstrument mpi4py mpi4py.futures ddtrace-run'
  ).split(' '),
);

/** Commands in execution order: an exported variable applies to the next ones. */
export function pythonLaunches(
  commands: readonly Named[],
  { path: outer = [], entries = NO_NAMES }: Surroundings = {},
): Launches {
  const launches = new Map<string, Launch>();
  const unclear = new Set<string>();
  let exported: readonly string[] | undefined;
  for (const { command, files } of commands) {
    const { folder, words } = command;
    if (folder === undefined) {
      if (words.some((word) => word !== undefined && (INTERPRETER.test(word) || isPython(word))))
        unclear.add('the shell computes the folder in which Python starts');
      continue;
    }
    const given = words
      .find((word) => word?.startsWith('PYTHONPATH='))
      ?.slice(11)
      .split(':');
    if (given !== undefined && /^(?:export$|PYTHONPATH=)/.test(words[0] ?? '')) exported = given;
    const search = (given ?? exported ?? []).flatMap((one) => below(folder, one));
    const found = [
      ...executed(command),
      ...notebooks(words),
      ...files.map(file),
      ...named(words, entries),
    ];
    const targets = found.flatMap((each) =>
      each.kind === 'folder' ? scriptsAt(folder, each.target) : [each],
    );
    if (targets.length === 0 && isComputed(words))
      unclear.add('the shell computes what Python executes');
    if (targets.length === 0 && command.piped && readsInput(words))
      unclear.add('Python executes what another program prints');
    for (const { kind, target } of targets) {
      const launch = { kind, target, folder, path: [...new Set([...search, ...outer])] };
      launches.set(JSON.stringify(launch), launch);
    }
  }
  return { launches: [...launches.values()], unclear: [...unclear] };
}

const NO_NAMES: ReadonlySet<string> = new Set();

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

/** An empty entry means the current folder. */
function below(folder: string, entry: string): string[] {
  if (entry.startsWith('/')) return [];
  const joined = folderIn(folder, entry);
  return isOutside(joined) ? [] : [joined];
}

function executed({ folder = '', words, inputs, text }: SimpleCommand): Argument[] {
  const found: Argument[] = [];
  const start = commandStart(words);
  for (const [at, word] of words.entries()) {
    const behind = words.slice(at + 1);
    if (word === undefined) {
      if (at === start && /^-m/.test(behind[0] ?? '')) found.push(...argument(behind));
    } else if (INTERPRETER.test(word)) {
      const own = argument(behind);
      const isText = own.length === 0 && text !== undefined && isProgramText(text);
      found.push(...(isText ? [{ kind: 'text', target: text } as const] : own));
      if (inputs.length > 0 && readsInput(words.slice(at)))
        found.push(
          ...inputs
            .flatMap((each) => inProject(folder, each))
            .map((target) => ({ kind: 'input', target }) as const),
        );
    } else if ((word === '-m' || word === '--module') && words.slice(0, at).some(isRunner))
      found.push(...moduleNamed(behind));
    else if (/^py\.?test$/.test(word) && (at === start || words.slice(0, at).includes('run')))
      found.push(collector('pytest', behind));
  }
  return found;
}

/** An interpreter with an unknown argument. */
function isComputed(words: SimpleCommand['words']): boolean {
  const at = words.findIndex((word) => word !== undefined && INTERPRETER.test(word));
  const next = words.slice(at + 1).find((word) => word === undefined || !word.startsWith('-'));
  return at >= 0 && next === undefined && words.slice(at + 1).includes(undefined);
}

/** True for an interpreter without a program, whose input is the program. */
function readsInput(words: SimpleCommand['words']): boolean {
  const at = words.findIndex((word) => word !== undefined && INTERPRETER.test(word));
  return (
    at >= 0 && words.slice(at + 1).every((word) => word !== undefined && /^-[^mcVh-]*$/.test(word))
  );
}

/** The command itself, or the one that `uv run` or a similar tool starts. */
function named(words: SimpleCommand['words'], entries: ReadonlySet<string>): Found[] {
  if (entries.size === 0) return [];
  const start = commandStart(words);
  const run = words.indexOf('run');
  const names = run < 0 ? words.slice(start, start + 1) : words.slice(run + 1);
  const found = names.map((word) => word?.slice(word.lastIndexOf('/') + 1));
  return found.flatMap((name) =>
    name !== undefined && entries.has(name) ? [{ kind: 'entry', target: name }] : [],
  );
}

/** Executed notebooks, except where the execution overwrites them. */
function notebooks(words: SimpleCommand['words']): Argument[] {
  const isExecuted =
    words.includes('papermill') ||
    (words.some((word) => word === 'jupyter' || word === 'jupyter-nbconvert') &&
      (words.includes('--execute') || words.includes('execute')) &&
      !words.includes('--inplace'));
  if (!isExecuted) return [];
  const files = words.filter((word) => word !== undefined && isNotebook(word)) as string[];
  return files.map((target) => ({ kind: 'folder', target }));
}

function isRunner(word: string | undefined): boolean {
  return word !== undefined && RUNNERS.has(word.slice(word.lastIndexOf('/') + 1));
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
