/** Finds the project's files that a command names as programs: `python train.py`, `./run.sh`. Pure. */
import path from 'node:path';
import type { Action } from '../pipeline/plan.js';
import { inProject } from './project-paths.js';
import { isPython, type Launch, type Named, pythonLaunches } from './python/launches.js';
import { type Program, pythonPrograms } from './python/programs.js';
import { commandStart, type SimpleCommand, simpleCommands } from './shell-commands.js';

/** A word with such an extension is a script, at any position: `timeout 5m torchrun train.py`. */
const EXTENSIONS = new Set(
  (
    'py pyw js mjs cjs jsx ts mts cts tsx sh bash zsh ksh fish r jl pl pm rb lua php awk sed sql ' +
    'scala groovy tcl ps1 go rs hs ml clj swift kts exs m do sas qmd rmd rnw'
  ).split(' '),
);

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

export interface NamedScripts {
  /** Paths relative to the project, in command order; they may not exist. */
  readonly files: readonly string[];
  /** Scripts and modules that Python executes. */
  readonly launches: readonly Launch[];
}

const NONE: NamedScripts = { files: [], launches: [] };

export function namedScripts(action: Exclude<Action, { kind: 'module' }>): NamedScripts {
  const named = namedIn(action);
  if (named.length === 0) return NONE;
  const files = new Set(named.flatMap((each) => each.files).filter((file) => !isPython(file)));
  return { files: [...files], launches: pythonLaunches(named) };
}

/** The Python programs that the command starts with a file, a module or a text of the project. */
export function programsIn(action: Exclude<Action, { kind: 'module' }>): Program[] {
  return pythonPrograms(namedIn(action));
}

/** Paths within the project that the words of the command are, whether they exist or not. */
export function pathsIn(action: Exclude<Action, { kind: 'module' }>): string[] {
  return commandsIn(action).flatMap(({ folder, words }) =>
    folder === undefined ? [] : words.flatMap((word) => inProject(folder, word ?? '')),
  );
}

function namedIn(action: Exclude<Action, { kind: 'module' }>): Named[] {
  return commandsIn(action).map((command) => ({ command, files: scriptsOf(command) }));
}

function commandsIn(action: Exclude<Action, { kind: 'module' }>): readonly SimpleCommand[] {
  if (action.kind === 'argv') return withNested({ folder: '', words: action.argv, inputs: [] });
  if (!HINTS.some((hint) => hint.test(action.command))) return [];
  return simpleCommands(action.command).flatMap(withNested);
}

/** Fast path: most commands match none of these, so they name no script and need no parser. */
const HINTS: readonly RegExp[] = [
  new RegExp(`\\.(?:${[...EXTENSIONS].join('|')})(?!\\w)`, 'i'),
  /(?:^|[^\w.-])(?:i?python|pypy|node|tsx|ts-node|bun|deno|Rscript|julia|perl|ruby|lua|php|source|\.\s)/,
  /(?:^|[^\w.-])(?:ba|da|z|k|fi)?sh(?!\w)/,
  /\s(?:-m|--module)\s|\.ipynb(?!\w)/,
  // A path, quote, redirection or assignment at the start of a command.
  /(?:^|[;&|({!`\n]|\b(?:if|then|else|elif|do|while|until|time|exec|command)\s)\s*(?:["'\\<>\d]|[^\s;&|<>]*[/=])/,
];

/** Adds the commands of `sh -c text` behind the command, which then loses the text. */
function withNested(command: SimpleCommand): SimpleCommand[] {
  const { folder, words } = command;
  const text = shellText(words);
  if (folder === undefined || text === undefined) return [command];
  const nested = simpleCommands(text).map((each) => below(folder, each));
  const outer = { ...command, words: words.filter((word) => word !== text) };
  return [outer, ...nested.flatMap(withNested)];
}

function scriptsOf({ folder, words, inputs }: SimpleCommand): string[] {
  if (folder === undefined) return [];
  const given = inputs.length > 0 ? [...words, ...inputs] : words;
  const named = [...programs(given), ...byExtension(given), ...readByR(given)];
  return named.flatMap((word) => inProject(folder, word));
}

function below(folder: string, command: SimpleCommand): SimpleCommand {
  if (command.folder === undefined) return command;
  return { ...command, folder: path.posix.join(folder, command.folder) };
}

/** The command itself if it is a path, and the script of an interpreter. */
function programs(words: SimpleCommand['words']): string[] {
  const command = words[commandStart(words)];
  const found = command?.includes('/') ? [command] : [];
  for (const [index, word] of words.entries()) {
    const interpreter = interpreterOf(word);
    if (interpreter !== undefined)
      found.push(...firstArgument(interpreter, words.slice(index + 1)));
  }
  return found;
}

function interpreterOf(word: string | undefined): Interpreter | undefined {
  if (word === undefined) return undefined;
  const name = word.slice(word.lastIndexOf('/') + 1);
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
