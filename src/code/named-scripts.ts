/** Finds the project's files that a command names as programs: `python train.py`, `./run.sh`. Pure. */
import path from 'node:path';
import type { CommandAction } from '../pipeline/plan.js';
import { EXTENSIONS } from './loaders.js';
import { mayStartCode } from './may-start-code.js';
import { type NamedScripts, NO_NAMED } from './named.js';
import { folderIn, inProject } from './project-paths.js';
import { isPython } from './python/file-kinds.js';
import { pythonLaunches, type Surroundings } from './python/launches.js';
import { environmentFor, pythonPrograms, withEnvironments } from './python/programs.js';
import { readScripts } from './python/read-scripts.js';
import { variableFiles } from './python/variable-files.js';
import { commandStart, programName, type SimpleCommand, simpleCommands } from './shell-commands.js';
import { elsewhere, startedModule, startedProgram, TEXT_STARTERS } from './started-program.js';
import { taskFiles } from './task-runners.js';

interface Interpreter {
  readonly name: RegExp;
  /** Options whose value is the next word. */
  readonly valued?: readonly string[];
  /** Options followed by the program as text. */
  readonly inline?: readonly string[];
  /** Words allowed before the script. */
  readonly verbs?: readonly string[];
}

/** Their first argument is a script, whatever its name. */
const INTERPRETERS: readonly Interpreter[] = [
  {
    name: /^(?:node|nodejs|tsx|ts-node|bun|deno)$/,
    valued: [
      '-r',
      '--require',
      '--import',
      '--loader',
      '--experimental-loader',
      '-C',
      '--env-file',
    ],
    inline: ['-e', '--eval', '-p', '--print'],
    verbs: ['run', 'inspect'],
  },
  { name: /^(?:ba|da|z|k|fi)?sh$/, valued: ['-o', '+o', '-O', '+O', '--rcfile'], inline: ['-c'] },
  { name: /^(?:Rscript|julia|perl|ruby|lua|php|source|\.)$/, inline: ['-e', '-E', '-r'] },
];

export function isStarting({ files, launches }: NamedScripts): boolean {
  return files.length + launches.length > 0;
}

export function namedScripts(action: CommandAction, around: Surroundings = {}): NamedScripts {
  return namedBy(commandsIn(action, around.entries?.('')), around);
}

/** A shell script, or a program that code starts. */
interface InnerCommand {
  readonly words?: SimpleCommand['words'];
  readonly text?: string;
  /** Working directory, relative to the project. */
  readonly folder: string;
  /** The folder of the script that contains the text, relative to the project. */
  readonly own?: string;
}

/** The programs that the commands of a script start. */
export function namedInside(
  { words, text = '', folder, own }: InnerCommand,
  around: Surroundings,
): NamedScripts {
  const self = own === undefined ? undefined : path.posix.relative(`/${folder}`, `/${own}`);
  const commands =
    words === undefined ? simpleCommands(text, self) : [{ folder: '', words, inputs: [] }];
  return namedBy(commands.map((each) => below(folder, each)).flatMap(withNested), around);
}

function namedBy(given: readonly SimpleCommand[], around: Surroundings): NamedScripts {
  const commands = withEnvironments(given, around.within);
  const named = commands.map((command) => ({ command, files: scriptsOf(command) }));
  if (named.length === 0) return NO_NAMED;
  const tasks = commands.map((command) => taskFiles(command, startedModule(command.words)));
  const scripts = named.flatMap((each) => each.files).filter((file) => !isLaunched(file));
  const variables = commands.flatMap(({ folder, words }) =>
    folder === undefined ? [] : variableFiles(folder, words),
  );
  const read = commands.flatMap((each) => readScripts(each, byExtension(each.words)));
  const files = [...scripts, ...read, ...tasks.flatMap((each) => each?.files ?? []), ...variables];
  const launched = named.map(({ command, files: all }) => ({
    command: { ...command, within: environmentFor(command) },
    files: all.filter(isLaunched),
  }));
  const { launches, unclear } = pythonLaunches(launched, around);
  const programs = pythonPrograms(named, around);
  const unfollowed = tasks.flatMap((each) =>
    each === undefined ? [] : [`pipe does not follow ${each.beyond}`],
  );
  const lost = commands
    .filter(({ folder }) => folder === undefined)
    .flatMap((each) => wordsFor(each).filter((word) => inProject('', word).length > 0))
    .map((word) => `the shell computes the folder of ${word}`);
  return {
    files: [...new Set(files)],
    launches,
    unclear: [...new Set([...unclear, ...unfollowed, ...lost])],
    programs,
  };
}

/** Python, a shell script, or a file whose name does not say what it is. */
function isLaunched(file: string): boolean {
  return isPython(file) || /(?:^|\/)[^/.]+$|\.(?:(?:ba|z|k|da)?sh|slurm|sbatch|pbs)$/i.test(file);
}

/** Words of the command that may be paths within the project, whether or not they exist. */
export function pathsIn(action: CommandAction): string[] {
  return commandsIn(action).flatMap(({ folder, words }) =>
    folder === undefined ? [] : words.flatMap((word) => inProject(folder, word ?? '')),
  );
}

/** What pipe does not follow: `the commands that make starts`. */
export function unfollowedIn(action: CommandAction): string[] {
  return commandsIn(action).flatMap(
    (command) => taskFiles(command, startedModule(command.words))?.beyond ?? [],
  );
}

function commandsIn(
  action: CommandAction,
  entries: ReadonlySet<string> = new Set(),
): readonly SimpleCommand[] {
  if (action.kind === 'argv') return withNested({ folder: '', words: action.argv, inputs: [] });
  const { command } = action;
  return mayStartCode(command) || namesOne(entries, command)
    ? simpleCommands(command).flatMap(withNested)
    : [];
}

function namesOne(entries: ReadonlySet<string>, command: string): boolean {
  for (const name of entries) if (command.includes(name)) return true;
  return false;
}

/** Adds the commands of `sh -c text` after the command, and removes the text from it. */
function withNested(given: SimpleCommand): SimpleCommand[] {
  const command = elsewhere(given);
  const { folder, words } = command;
  const texts = textsIn(command);
  if (folder === undefined || texts.length === 0) return [command];
  const within = environmentFor(command);
  const nested = texts
    .flatMap((text) => simpleCommands(text.replace(/^--wrap=/, '')))
    .map((each) => ({ ...below(folder, each), within }));
  const outer = { ...command, words: words.filter((word) => !texts.includes(word ?? '')) };
  return [outer, ...nested.flatMap(withNested)];
}

function textsIn({ words, text }: SimpleCommand): string[] {
  const given = shellText(words) ?? (words.every(isShellWord) ? text : undefined);
  if (given !== undefined) return [given];
  const start = commandStart(words);
  if (!TEXT_STARTERS.has(programName(words[start]))) return [];
  return words.slice(start + 1).filter((word) => word !== undefined && /\s/.test(word)) as string[];
}

function isShellWord(word: string | undefined, at: number): boolean {
  return word !== undefined && (at === 0 ? SHELL.test(word) : word.startsWith('-'));
}

function scriptsOf(command: SimpleCommand): string[] {
  const { folder } = command;
  return folder === undefined ? [] : wordsFor(command).flatMap((word) => inProject(folder, word));
}

/** The words that name scripts. */
function wordsFor({ words, inputs }: SimpleCommand): string[] {
  const given = inputs.length > 0 ? [...words, ...inputs] : words;
  return [...programs(given), ...byExtension(given), ...readByR(given)];
}

function below(folder: string, command: SimpleCommand): SimpleCommand {
  if (command.folder === undefined) return command;
  return { ...command, folder: folderIn(folder, command.folder) };
}

/** The command itself if it is a path, and the script of an interpreter. */
function programs(words: SimpleCommand['words']): string[] {
  const found = startedPath(words);
  for (const [index, word] of words.entries()) {
    const interpreter = interpreterOf(word);
    if (interpreter !== undefined)
      found.push(...firstArgument(interpreter, words.slice(index + 1)));
  }
  return found;
}

/** The program, if its word is a path. */
function startedPath(words: SimpleCommand['words']): string[] {
  const at = startedProgram(words);
  const program = words[at];
  // sbatch reads a script, whatever its name.
  const isRead = words.slice(0, at).some((word) => programName(word) === 'sbatch');
  return program !== undefined && (isRead || program.includes('/')) ? [program] : [];
}

function interpreterOf(word: string | undefined): Interpreter | undefined {
  if (word === undefined) return undefined;
  const name = programName(word);
  if (!/^(?:node|tsx|ts-node|bun|deno|\w{0,2}sh$|Rs|ju|pe|ru|lu|ph|so|\.$)/.test(name))
    return undefined;
  return INTERPRETERS.find((each) => each.name.test(name));
}

function firstArgument(interpreter: Interpreter, words: SimpleCommand['words']): string[] {
  const { valued = [], inline = [], verbs = [] } = interpreter;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === undefined) return [];
    if (inline.includes(word)) return [];
    if (valued.includes(word)) at += 1;
    else if (!/^[-+]/.test(word) && !verbs.includes(word)) return [word];
  }
  return [];
}

/** Files that an R program text executes: `Rscript -e 'rmarkdown::render("a.Rmd")'`. */
function readByR(words: SimpleCommand['words']): string[] {
  const texts = words.filter((word) => word?.includes('(')) as string[];
  return texts.flatMap((text) => [...text.matchAll(R_READS)].map((found) => found[2] as string));
}

const R_READS = /\b(?:render|knit|source)\(\s*(["'])([^"']+)\1/g;

/** `a.py`, `--config=a.py`, `CONFIG=a.py`. */
function byExtension(words: SimpleCommand['words']): string[] {
  const found: string[] = [];
  for (const word of words) {
    const dot = word?.lastIndexOf('.') ?? -1;
    if (word === undefined || dot < 1 || !EXTENSIONS.has(word.slice(dot + 1).toLowerCase()))
      continue;
    found.push(/^-|^\w+=/.test(word) ? word.slice(word.indexOf('=') + 1) : word);
  }
  return found;
}

function shellText(words: SimpleCommand['words']): string | undefined {
  const shell = words.findIndex((word) => word?.endsWith('sh') && SHELL.test(word));
  if (shell < 0) return undefined;
  for (let at = shell + 1; words[at]?.startsWith('-'); at++) {
    if (/^-[a-z]*c$/.test(words[at] as string)) return words[at + 1];
  }
  return undefined;
}

const SHELL = /(?:^|\/)(?:ba|da|z|k)?sh$/;
