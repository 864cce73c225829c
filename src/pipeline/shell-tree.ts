/** The commands of a shell text: pipelines, groups, loops and functions, as sh and bash read them. */
import { type Context, readAll, SHELL_START, type Step } from './shell-lexer.js';

export interface ShellCommand {
  /** After the shell words before it, such as `then`. */
  readonly start: number;
  readonly end: number;
  /** The commands after it in its pipeline. */
  readonly piped: readonly ShellCommand[];
  /** The command that contains it: a group, a loop, or one with `$(…)` among its words. */
  readonly parent: ShellCommand | undefined;
  /** The offset of the `$(`, `<(` or `(` of a list within a word that contains it; undefined for groups and loops. */
  readonly opened: number | undefined;
  /** Of a function that it defines. */
  readonly name: string | undefined;
  /** The target of `>`; an empty text for output that goes elsewhere. */
  readonly target: string | undefined;
}

/** By their starts: a command before those within it. */
export function commandsOf(text: string): readonly ShellCommand[] {
  const reader = new TreeReader(text);
  readAll(SHELL_START, text, (step) => reader.read(step));
  return reader.finish();
}

type Growing = { -readonly [Key in keyof ShellCommand]: ShellCommand[Key] } & {
  piped: ShellCommand[];
};

/** The part of the text that is being read: all of it, or one in parentheses, or a compound command. */
interface List {
  readonly depth: number;
  readonly parent: Growing | undefined;
  readonly opened: number | undefined;
  /** Its pipeline so far. */
  pipeline: Growing[];
  command: Growing | undefined;
  /** After a pipe, whose reader may be on the next line. */
  isPiped: boolean;
  /** Where a group is the command, and not a part of a word. */
  body: number;
}

const LISTS: ReadonlySet<Context> = new Set(['plain', 'group', 'inner']);
const AFTER = String.raw`(?=[\s;&|()<>]|$)`;
/** Words before a command. */
const LEADS = new RegExp(`(?:then|do|else|elif|time|!)${AFTER}`, 'y');
const OPENS = new RegExp(`(?:\\{|if|for|select|while|until|case)${AFTER}`, 'y');
const CLOSES = new RegExp(`(?:\\}|fi|done|esac)${AFTER}`, 'y');
const DEFINES =
  /(?:function[ \t]+([^\s(){};&|]+)(?:[ \t]*\(\))?|([^\s(){};&|"'$`=]+)[ \t]*\(\))\s*/y;
/** With the target, if it is a single word. */
const WRITES = /(?:>\||>>?)[ \t]*(&?)((?:"[^"]*"|'[^']*'|[^\s;&|()<>"'])*)/y;

class TreeReader {
  readonly #text: string;
  readonly #commands: Growing[] = [];
  readonly #lists: List[];
  /** Steps before this offset were read already. */
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#lists = [listIn(1, undefined, undefined)];
  }

  finish(): readonly ShellCommand[] {
    while (this.#lists.length > 0) this.#closeList(this.#text.length);
    return this.#commands;
  }

  read(step: Step): void {
    const { start, context, depth, depthAfter, escaped } = step;
    const isList = LISTS.has(context);
    while (depthAfter < this.#list.depth) this.#closeList(start);
    if (depthAfter < depth && isList) return;
    if (start < this.#next) return;
    if (context === 'comment') this.#endLine(start);
    else if (isList && !escaped && this.#separator(start)) this.#endCommand(start);
    else if (isList) this.#word(step);
    const opens = this.#text[step.end - 1] === '(' && depthAfter === depth + 1;
    if (opens && context !== 'arithmetic') this.#openParenthesis(step);
  }

  get #list(): List {
    return this.#lists.at(-1)!;
  }

  /** True for the end of a command. Starts a new pipeline unless a pipe follows. */
  #separator(at: number): boolean {
    const [before = '', character = '', next] = [
      this.#text[at - 1],
      this.#text[at],
      this.#text[at + 1],
    ];
    if (character === '|' && before !== '>') {
      this.#list.isPiped = before !== '|' && next !== '|';
      if (!this.#list.isPiped) this.#endPipeline(at);
      return true;
    }
    const ends =
      /[;\n)]/.test(character) || (character === '&' && !/[<>]/.test(before) && next !== '>');
    if (character === '\n') this.#endLine(at);
    // The `&` of `|&` is a part of it.
    else if (ends && !(character === '&' && before === '|')) this.#endPipeline(at);
    return ends;
  }

  /** At the end of a line, or in a comment. */
  #endLine(at: number): void {
    if (this.#text[at] === '\n' && !this.#list.isPiped) this.#endPipeline(at);
  }

  #word({ start: at, escaped, depth, depthAfter }: Step): void {
    const isComment = this.#text[at] === '#' && depthAfter > depth;
    if (this.#list.command === undefined && !/[\s#]/.test(this.#text[at]!)) this.#begin(at);
    if (this.#text[at] === '>' && !escaped) this.#redirection(at);
    if (isComment) this.#endCommand(at);
  }

  #begin(at: number): void {
    if (this.#matches(LEADS, at)) return;
    const isCompound = this.#lists.at(-2)?.depth === this.#list.depth;
    if (isCompound && this.#matches(CLOSES, at)) return void this.#lists.pop();
    const defined = this.#matches(DEFINES, at);
    const list = this.#list;
    list.body = defined ? this.#next : at;
    const command: Growing = {
      start: at,
      end: this.#text.length,
      piped: [],
      parent: list.parent,
      opened: list.opened,
      name: defined?.[1] ?? defined?.[2],
      target: undefined,
    };
    for (const each of list.pipeline) each.piped.push(command);
    list.pipeline.push(command);
    list.command = command;
    list.isPiped = false;
    this.#commands.push(command);
    if (this.#matches(OPENS, list.body)) this.#lists.push(listIn(list.depth, command, undefined));
  }

  #matches(pattern: RegExp, at: number): RegExpExecArray | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#next = pattern.lastIndex;
    return found;
  }

  #redirection(at: number): void {
    const { command } = this.#list;
    const before = this.#text.slice(0, at);
    // `2>` and `<>` do not change where the output goes.
    if (command === undefined || /(?:^|\s)(?:[02-9]|\d\d+)$|[<>]$/.test(before)) return;
    WRITES.lastIndex = at;
    const [, isCopy, target = ''] = WRITES.exec(this.#text)!;
    command.target = isCopy ? '' : target;
  }

  #openParenthesis({ start, depthAfter }: Step): void {
    const { command, body } = this.#list;
    const isGroup = start === body && this.#text[start] === '(';
    this.#lists.push(listIn(depthAfter, command, isGroup ? undefined : start));
  }

  #endCommand(at: number): void {
    const list = this.#list;
    if (list.command !== undefined) list.command.end = at;
    list.command = undefined;
  }

  #endPipeline(at: number): void {
    this.#endCommand(at);
    this.#list.pipeline = [];
  }

  #closeList(at: number): void {
    this.#endPipeline(at);
    this.#lists.pop();
  }
}

function listIn(depth: number, parent: Growing | undefined, opened: number | undefined): List {
  return { depth, parent, opened, pipeline: [], command: undefined, isPiped: false, body: -1 };
}
