/**
 * Splits a shell command into simple commands with their words, as far as possible without running
 * it. Pure. It only serves to find files that a command names, so doubtful parts are omitted.
 */
import { type Context, readAll, SHELL_START, type Step } from '../pipeline/shell-lexer.js';
import { folderIn } from './project-paths.js';
import type { Choice } from './python/python-environment.js';
import { withConstants, withOwnFolder } from './shell-constants.js';

export interface SimpleCommand {
  /** Working directory relative to the start of the whole command; undefined after a `cd` to an unknown folder. */
  readonly folder: string | undefined;
  /** Undefined for a word that the shell expands: `$x`, `*.py`, `$(…)`. */
  readonly words: readonly (string | undefined)[];
  /** Files that are its input, by `<` or `cat files |`. */
  readonly inputs: readonly string[];
  /** True if its input is the output of another program. */
  readonly piped?: boolean;
  /** Its here-document or here-string. */
  text?: string;
  /** The environment that the program around it gives it: `uv run bash -c "…"`. */
  readonly within?: Choice | undefined;
}

/** `own`: the folder of the script that contains the text, relative to the working directory. */
export function simpleCommands(text: string, own?: string): SimpleCommand[] {
  return commandsIn(withConstants(own === undefined ? text : withOwnFolder(text, own)), '');
}

function commandsIn(text: string, folder: string | undefined): SimpleCommand[] {
  const reader = new CommandReader(text, folder);
  readAll(SHELL_START, text, (step) => reader.read(step));
  return reader.finish();
}

/** Shell words after which a command follows. */
const BEFORE_COMMANDS = new Set(
  'if then else elif do while until ! { time exec command'.split(' '),
);

const ASSIGNMENT = /^[A-Za-z_]\w*=/;

/** The index of the word that names the program; -1 without one. */
export function commandStart(words: SimpleCommand['words']): number {
  return words.findIndex(
    (word) => word === undefined || !(BEFORE_COMMANDS.has(word) || ASSIGNMENT.test(word)),
  );
}

/** What a word for a program is called without its folder. */
export function programName(word: string | undefined): string {
  return word?.slice(word.lastIndexOf('/') + 1) ?? '';
}

const REDIRECTION = /<<<|<<-?|<>|<&|<|>>|>\||>&|>|&>>?/y;
/** The current folder at the start of a path. */
const HERE = /(?:\$PWD|\$\{PWD\}|\$\(pwd\))(?=[/:"\s;&|)]|$)/y;
const PATTERN: ReadonlySet<string> = new Set('*?[');
const BRACES = /\{[^\s{}]*(?:,|\.\.)[^\s{}]*\}/y;
const LISTS: ReadonlySet<Context> = new Set(['plain', 'group', 'inner']);

/** The list of commands being read: the whole text, or a part in parentheses. */
interface List {
  folder: string | undefined;
  words: (string | undefined)[];
  inputs: string[];
  word: { text: string; known: boolean } | undefined;
  /** The operator whose target is the next word. */
  redirection: string | undefined;
  text?: string;
  /** The files that the previous command prints; undefined for anything else. */
  piped?: { readonly files: readonly string[] | undefined } | undefined;
  /** Folders that `pushd` has left. */
  left: (string | undefined)[];
}

class CommandReader {
  readonly #commands: SimpleCommand[] = [];
  readonly #text: string;
  readonly #lists: List[];
  /** Steps before this offset were read already. */
  #next = 0;
  /** A part without words, up to this depth: a comment, a number, a text in backticks. */
  #hidden:
    | { readonly depth: number; readonly commandsFrom?: number; readonly documentFrom?: number }
    | undefined;

  constructor(text: string, folder: string | undefined) {
    this.#text = text;
    this.#lists = [listIn(folder)];
  }

  finish(): SimpleCommand[] {
    this.#reveal(this.#text.length);
    while (this.#lists.length > 0) this.#closeList();
    return this.#commands;
  }

  read(step: Step): void {
    const { start, context, depthAfter } = step;
    if (this.#hidden !== undefined) {
      if (context === 'comment' && this.#text[start] === '\n') this.#endCommand();
      if (depthAfter <= this.#hidden.depth) this.#reveal(step.end - 1);
    } else if (start < this.#next) {
      if (step.end > this.#next) this.#add(this.#text.slice(this.#next, step.end));
    } else if (context === 'single') {
      if (depthAfter === step.depth) this.#add(this.#textOf(step));
    } else if (step.escaped) this.#escaped(step);
    else if (this.#text[start] === '\\') return;
    else if (context === 'double') this.#double(step);
    else if (LISTS.has(context)) this.#plain(step);
  }

  get #list(): List {
    return this.#lists.at(-1)!;
  }

  get #word(): { text: string; known: boolean } {
    this.#list.word ??= { text: '', known: true };
    return this.#list.word;
  }

  #textOf({ start, end }: Step): string {
    return this.#text.slice(start, end);
  }

  #add(text: string): void {
    this.#word.text += text;
  }

  #escaped(step: Step): void {
    const text = this.#textOf(step);
    const isLiteral = step.context === 'double' && !/["$`\\\n]/.test(text);
    if (text !== '\n') this.#add(isLiteral ? `\\${text}` : text);
  }

  #double(step: Step): void {
    if (this.#text[step.start] === '"') return;
    if (!this.#expansion(step)) this.#add(this.#textOf(step));
  }

  #plain(step: Step): void {
    const { start, depth, depthAfter } = step;
    const character = this.#text[start]!;
    if (character === ' ' || character === '\t' || character === '\r') this.#endWord();
    else if (character === "'" || character === '"') this.#add('');
    else if (character === '(') this.#parenthesis(step);
    else if (character === ')' && depthAfter < depth) this.#closeList();
    else if (/[<>]/.test(character) || this.#text.startsWith('&>', start)) this.#redirection(step);
    else if (character === '|' && isPipe(this.#text, start)) this.#pipe();
    else if (/[\n;&|)]/.test(character)) this.#endCommand();
    else if (!this.#expansion(step) && depthAfter === depth)
      this.#literal(this.#textOf(step), start);
    // A comment, or a here-document.
    if (depthAfter > depth && character === '#') this.#hidden = { depth };
    if (depthAfter > depth && character === '\n') this.#hidden = { depth, documentFrom: step.end };
  }

  /** Patterns and home folders are expanded later. */
  #literal(text: string, start: number): void {
    const isHome = text === '~' && this.#list.word === undefined;
    if (PATTERN.has(text) || isHome || this.#isBraces(start)) this.#word.known = false;
    this.#add(text);
  }

  /** `{a,b}` and `{1..9}`, which bash expands to several words. */
  #isBraces(start: number): boolean {
    BRACES.lastIndex = start;
    return BRACES.test(this.#text);
  }

  #reveal(end: number): void {
    const { commandsFrom: from, documentFrom } = this.#hidden ?? {};
    this.#hidden = undefined;
    const waiting = this.#commands.find((each) => each.text === '');
    if (documentFrom !== undefined && waiting !== undefined)
      waiting.text = this.#text.slice(documentFrom, end).replace(/[^\n]*\n?$/, '');
    if (from !== undefined)
      this.#commands.push(...commandsIn(this.#text.slice(from, end), this.#list.folder));
  }

  /** True at a `$` or backtick that the shell expands. */
  #expansion(step: Step): boolean {
    const { start, depth, depthAfter } = step;
    const character = this.#text[start];
    if (character !== '$' && character !== '`') return false;
    HERE.lastIndex = start;
    if (HERE.test(this.#text)) {
      this.#next = HERE.lastIndex;
      this.#add('.');
      return true;
    }
    if (depthAfter === depth && !/^\$[\w@*#?$!'-]/.test(this.#text.slice(start, start + 2)))
      return false;
    this.#word.known = false;
    if (this.#textOf(step) === '$(') this.#lists.push(listIn(this.#list.folder));
    else if (character === '`') this.#hidden = { depth, commandsFrom: step.end };
    else if (depthAfter > depth) this.#hidden = { depth };
    return true;
  }

  /** A subshell or an array; `((` may be a number, or two subshells. */
  #parenthesis({ depth, depthAfter, start }: Step): void {
    const isInput =
      /[<>]/.test(this.#text[start - 1] ?? '') && this.#list.redirection !== undefined;
    if (isInput) {
      this.#list.redirection = undefined;
      this.#list.words.push(undefined);
    } else this.#endCommand();
    if (depthAfter > depth + 1) this.#hidden = { depth, commandsFrom: start + 1 };
    else {
      const { folder, piped } = this.#list;
      this.#list.piped = undefined;
      this.#lists.push({ ...listIn(folder), piped });
    }
  }

  #redirection({ start, end }: Step): void {
    REDIRECTION.lastIndex = start;
    const operator = REDIRECTION.exec(this.#text)![0];
    const list = this.#list;
    // `2` before `>` is a file descriptor.
    if (operator[0] !== '&' && list.word?.known && /^\d+$/.test(list.word.text))
      list.word = undefined;
    this.#endWord();
    this.#next = start + operator.length;
    if (/^<<-?$/.test(operator)) list.text = '';
    // The lexer reads the delimiter of a here-document with its operator.
    list.redirection = end > this.#next ? undefined : operator;
  }

  #endWord(): void {
    const list = this.#list;
    const { word, redirection } = list;
    if (word === undefined) return;
    list.word = undefined;
    list.redirection = undefined;
    // `PYTHONPATH=src:$PYTHONPATH`: the known part is useful.
    const isKnown = word.known || word.text.startsWith('PYTHONPATH=');
    if (redirection === undefined) list.words.push(isKnown ? word.text : undefined);
    else if (redirection === '<' && isKnown) list.inputs.push(word.text);
    else if (redirection === '<<<' && isKnown) list.text = word.text;
  }

  /** `cat a b |` passes files to the next command, anything else passes its output. */
  #pipe(): void {
    this.#endWord();
    const [first, ...files] = this.#list.words;
    this.#endCommand();
    const isCat = first === 'cat' && files.every((each) => each !== undefined && each[0] !== '-');
    this.#list.piped = { files: isCat && files.length > 0 ? (files as string[]) : undefined };
  }

  #endCommand(): void {
    this.#endWord();
    const list = this.#list;
    const { folder, words, inputs, text, left, piped } = list;
    const isEmpty = words.length + inputs.length === 0;
    // A line may end after `|`.
    if (isEmpty && piped !== undefined) return;
    if (!isEmpty)
      this.#commands.push({
        folder,
        words,
        inputs: [...inputs, ...(piped?.files ?? [])],
        ...(text !== undefined && { text }),
        ...(piped && piped.files === undefined && { piped: true }),
      });
    if (words[0] === 'pushd') left.push(folder);
    const next = words[0] === 'popd' ? left.pop() : nextFolder(folder, words);
    Object.assign(list, listIn(next), { left, text: undefined, piped: undefined });
  }

  /** The effect of `cd` in a subshell ends with the subshell. */
  #closeList(): void {
    this.#endCommand();
    this.#lists.pop();
  }
}

/** Not a part of `||`. */
function isPipe(text: string, at: number): boolean {
  return text[at - 1] !== '|' && text[at + 1] !== '|';
}

function listIn(folder: string | undefined): List {
  return { folder, words: [], inputs: [], word: undefined, redirection: undefined, left: [] };
}

/** Working directory of the command after this one. */
function nextFolder(
  folder: string | undefined,
  [first, target, ...more]: SimpleCommand['words'],
): string | undefined {
  if (first !== 'cd' && first !== 'pushd') return folder;
  if (target === undefined || more.length > 0 || folder === undefined) return undefined;
  if (target.startsWith('/') || target === '-') return undefined;
  return folderIn(folder, target);
}
