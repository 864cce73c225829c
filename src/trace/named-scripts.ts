/** Files of the project that a command names as programs: `python train.py`, `./run.sh`. Pure. */
import path from 'node:path';
import type { Action } from '../pipeline/plan.js';
import { type SimpleCommand, simpleCommands } from './shell-commands.js';

/** A word that ends like this means a script, wherever it stands: `timeout 5m torchrun train.py`. */
const EXTENSIONS = new Set(
  (
    'py pyw js mjs cjs jsx ts mts cts tsx sh bash zsh ksh fish r jl pl pm rb lua php awk sed sql ' +
    'scala groovy tcl ps1 go rs hs ml clj swift kts exs m do sas'
  ).split(' '),
);

interface Interpreter {
  readonly name: RegExp;
  /** Options whose value is the next word. */
  readonly valued?: readonly string[];
  /** Options behind which the program itself stands as text. */
  readonly inline?: readonly string[];
  /** Words that may stand before the script. */
  readonly verbs?: readonly string[];
}

/** Their first argument is a script, whatever it is called. */
const INTERPRETERS: readonly Interpreter[] = [
  {
    name: /^(?:python|pypy)[\d.]*$/,
    valued: ['-W', '-X', '--check-hash-based-pycs'],
    inline: ['-c', '-m'],
  },
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

/** Words of the shell behind which a command stands. */
const BEFORE_COMMANDS = new Set(
  'if then else elif do while until ! { time exec command'.split(' '),
);

/** Paths relative to the project, in the order of the command; nobody has looked whether they exist. */
export function namedScripts(action: Exclude<Action, { kind: 'module' }>): string[] {
  const commands =
    action.kind === 'argv'
      ? [{ folder: '', words: action.argv, inputs: [] }]
      : simpleCommands(action.command);
  return [...new Set(commands.flatMap(scriptsOf))];
}

function scriptsOf(command: SimpleCommand): string[] {
  const { folder, inputs } = command;
  if (folder === undefined) return [];
  const texts = command.words.flatMap((_word, index) => shellText(command.words, index));
  const words = [...command.words, ...inputs].filter((word) => !texts.includes(word ?? ''));
  const found = [...programs(words), ...words.flatMap(byExtension)];
  return [
    ...found.flatMap((word) => inProject(folder, word)),
    ...texts.flatMap((text) =>
      simpleCommands(text).flatMap((each) => scriptsOf(below(folder, each))),
    ),
  ];
}

function below(folder: string, command: SimpleCommand): SimpleCommand {
  if (command.folder === undefined) return command;
  return { ...command, folder: path.posix.join(folder, command.folder) };
}

/** Nothing outside of the project counts, and nothing in the folder of what stages make. */
function inProject(folder: string, word: string): string[] {
  if (word.startsWith('/') || word === '') return [];
  const file = path.posix.join(folder, word);
  return /^(?:\.\.?(?:\/|$)|cache\/)/.test(file) ? [] : [file];
}

/** The command itself when it is a path, and the script of an interpreter. */
function programs(words: SimpleCommand['words']): string[] {
  const start = words.findIndex(
    (word) => word === undefined || !(BEFORE_COMMANDS.has(word) || ASSIGNMENT.test(word)),
  );
  const command = words[start];
  const itself = command?.includes('/') ? [command] : [];
  const arguments_ = words.flatMap((word, index) => {
    const interpreter = interpreterOf(word);
    return interpreter === undefined ? [] : firstArgument(interpreter, words.slice(index + 1));
  });
  return [...itself, ...arguments_];
}

const ASSIGNMENT = /^[A-Za-z_]\w*=/;

function interpreterOf(word: string | undefined): Interpreter | undefined {
  if (word === undefined) return undefined;
  const name = word.slice(word.lastIndexOf('/') + 1);
  return INTERPRETERS.find((each) => each.name.test(name));
}

function firstArgument(interpreter: Interpreter, words: SimpleCommand['words']): string[] {
  const { valued = [], inline = [], verbs = [] } = interpreter;
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === undefined) return [];
    if (word === '-m' && inline.includes(word)) return pythonModule(words[at + 1]);
    if (inline.includes(word)) return [];
    if (valued.includes(word)) at += 1;
    else if (!/^[-+]/.test(word) && !verbs.includes(word)) return [word];
  }
  return [];
}

function pythonModule(name: string | undefined): string[] {
  if (name === undefined || !/^[\w.]+$/.test(name)) return [];
  const at = name.replaceAll('.', '/');
  return [`${at}.py`, `${at}/__main__.py`];
}

/** `a.py`, `--config=a.py`, `CONFIG=a.py`. */
function byExtension(word: string | undefined): string[] {
  if (word === undefined) return [];
  const value = /^-|^\w+=/.test(word) ? word.slice(word.indexOf('=') + 1) : word;
  const dot = value.lastIndexOf('.');
  return dot > 0 && EXTENSIONS.has(value.slice(dot + 1).toLowerCase()) ? [value] : [];
}

/** The text of `sh -c text`. */
function shellText(words: SimpleCommand['words'], index: number): string[] {
  const name = words[index]?.replace(/.*\//, '') ?? '';
  if (!/^(?:ba|da|z|k)?sh$/.test(name)) return [];
  for (let at = index + 1; at < words.length; at++) {
    const word = words[at];
    if (word === undefined || !word.startsWith('-')) return [];
    const text = words[at + 1];
    if (/^-[a-z]*c$/.test(word)) return text === undefined ? [] : [text];
  }
  return [];
}
