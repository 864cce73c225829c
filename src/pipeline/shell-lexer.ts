/** Lexer of shell commands: finds the context of each character, as sh and bash read it. */

/**
 * Parser state at the end of a command's text, as sh and bash read it. Where they differ, or only a
 * full parser could decide, the state is unsure. After that, only harmless values are allowed.
 */
export interface ShellState {
  /** Nested contexts, innermost last. */
  readonly stack: readonly Context[];
  /** The last character was a backslash. */
  readonly escaped: boolean;
  /** A `#` here starts a comment. */
  readonly wordStart: boolean;
  /** Here-documents that start on the next line. */
  readonly heredocs: readonly HereDocument[];
  /** The cause of the unsure state. */
  readonly unsure: string | undefined;
}

interface HereDocument {
  readonly delimiter: string;
  /** `<<-`: ignores tabs before the delimiter. */
  readonly stripsTabs: boolean;
  /** True if commands in its text are executed, because no part of the delimiter is quoted. */
  readonly isExpanded: boolean;
}

/**
 * `group` is `( … )`, `inner` the same within a word: `$(…)`, `<(…)`, `a=(…)`. `parameter` is
 * `${…}`, `quoted` the same within double quotes.
 */
export type Context =
  | 'plain'
  | 'group'
  | 'inner'
  | 'double'
  | 'single'
  | 'backtick'
  | 'comment'
  | 'heredoc'
  | 'arithmetic'
  | 'parameter'
  | 'quoted';

export const SHELL_START: ShellState = {
  stack: ['plain'],
  escaped: false,
  wordStart: true,
  heredocs: [],
  unsure: undefined,
};

type Reader = Omit<ShellState, 'stack' | 'heredocs'> & {
  readonly text: string;
  at: number;
  readonly stack: Context[];
  escaped: boolean;
  wordStart: boolean;
  readonly heredocs: HereDocument[];
  unsure: string | undefined;
};

/** The state after a text of the command. */
export function advance(state: ShellState, text: string): ShellState {
  const { stack, escaped, wordStart, heredocs, unsure } = readAll(state, text);
  return { stack, escaped, wordStart, heredocs, unsure };
}

/** The unit of reading: a character, a run of harmless ones, an opening such as `$(`, or a line. */
export interface Step {
  readonly start: number;
  readonly end: number;
  /** The context before the step. */
  readonly context: Context;
  /** True if a backslash precedes it. */
  readonly escaped: boolean;
  /** Number of contexts before and after the step. */
  readonly depth: number;
  readonly depthAfter: number;
}

/** Reads a text of a command step by step. */
export function readAll(state: ShellState, text: string, onStep?: (step: Step) => void): Reader {
  const stack = [...state.stack];
  const reader: Reader = { ...state, text, at: 0, stack, heredocs: [...state.heredocs] };
  while (reader.at < text.length) {
    const { at: start, escaped } = reader;
    const depth = stack.length;
    const context = contextOf(reader);
    if (context === 'heredoc') skipLine(reader);
    else if (!skipRun(context, reader)) readCharacter(reader);
    onStep?.({ start, end: reader.at, context, escaped, depth, depthAfter: stack.length });
  }
  return reader;
}

/** The state after a quoted value. */
export function afterValue(state: ShellState): ShellState {
  return { ...state, wordStart: false };
}

/** Characters that mean nothing to the shell in a context. */
const RUNS: Readonly<Partial<Record<Context, RegExp>>> = {
  plain: /[\w./:=,@%+-]+/y,
  single: /[^']+/y,
  double: /[^"\\`$]+/y,
  comment: /[^\n]+/y,
};

function skipRun(context: Context, reader: Reader): boolean {
  const run = RUNS[context];
  if (run === undefined || reader.escaped) return false;
  run.lastIndex = reader.at;
  if (!run.test(reader.text)) return false;
  reader.at = run.lastIndex;
  reader.wordStart = false;
  return true;
}

export function contextOf({ stack }: Pick<ShellState, 'stack'>): Context {
  return stack.at(-1)!;
}

function readCharacter(reader: Reader): void {
  const { wordStart } = reader;
  const context = contextOf(reader);
  const character = reader.text[reader.at]!;
  reader.at += 1;
  reader.wordStart = !reader.escaped && /[\s;&|()]/.test(character);
  if (reader.escaped) reader.escaped = false;
  else if (character === '\\' && context !== 'single' && context !== 'comment')
    reader.escaped = true;
  else READERS[context](character, reader, wordStart);
}

type Read = (character: string, reader: Reader, wordStart: boolean) => void;

const READERS: Readonly<Record<Context, Read>> = {
  plain: readPlain,
  group: readPlain,
  inner: readPlain,
  double: (character, reader) => {
    if (character === '"') reader.stack.pop();
    else readOpening(character, reader, 'quoted');
  },
  single: (character, reader) => void closeAt("'", character, reader),
  backtick: (character, reader) => void closeAt('`', character, reader),
  comment: (character, reader) => {
    if (closeAt('\n', character, reader)) beginHereDocument(reader);
  },
  heredoc: () => {},
  arithmetic: readArithmetic,
  parameter: (character, reader) => {
    if (character === '}') reader.stack.pop();
    else if (character === "'") reader.stack.push('single');
    else if (character === '"') reader.stack.push('double');
    else readOpening(character, reader, 'parameter');
  },
  quoted: (character, reader) => {
    if (character === '}') reader.stack.pop();
    else if (/['"]/.test(character)) reader.unsure ??= 'after quotes within "${…}"';
    else readOpening(character, reader, 'quoted');
  },
};

function closeAt(closing: string, character: string, { stack }: Reader): boolean {
  return character === closing && stack.pop() !== undefined;
}

function readPlain(character: string, reader: Reader, wordStart: boolean): void {
  const { stack, text, at } = reader;
  const before = text[at - 2] ?? '';
  if (character === "'") {
    if (before === '$') reader.unsure ??= "after $'";
    reader.stack.push('single');
  } else if (character === '"') reader.stack.push('double');
  else if (character === '(') openParenthesis(reader, wordStart);
  else if (character === ')') closeParenthesis(reader);
  else if (character === '#' && /[<>)]/.test(before)) reader.unsure ??= `after ${before}#`;
  else if (character === '#' && wordStart) reader.stack.push('comment');
  else if (character === '\n') beginHereDocument(reader);
  else if (character === '<') readHereDocument(reader);
  else if (wordStart && stack.length > 1 && /^case\s/.test(text.slice(at - 1, at + 4)))
    reader.unsure ??= 'after case within parentheses';
  else readOpening(character, reader, 'parameter');
}

function openParenthesis(reader: Reader, wordStart: boolean): void {
  if (wordStart && reader.text[reader.at] === '(') {
    reader.stack.push('arithmetic');
    reader.stack.push('arithmetic');
    reader.at += 1;
  } else reader.stack.push(wordStart ? 'group' : 'inner');
}

/** Without an opening one, it belongs to a `case`. */
function closeParenthesis(reader: Reader): void {
  const { stack } = reader;
  if (stack.length === 1) return;
  if (stack.pop() === 'inner') reader.wordStart = false;
}

/** Reads the text as if in double quotes: single quotes have no meaning. */
function readArithmetic(character: string, reader: Reader): void {
  if (character === ')') {
    reader.stack.pop();
    reader.wordStart = false;
  } else if (character === '(') reader.stack.push('arithmetic');
  else if (/['"]/.test(character)) reader.unsure ??= 'after quotes in arithmetic';
  else readOpening(character, reader, 'quoted');
}

/** Contexts that open both in plain text and within double quotes. */
function readOpening(character: string, reader: Reader, parameter: Context): void {
  const { text, at } = reader;
  if (character === '`') reader.stack.push('backtick');
  if (character !== '$') return;
  if (text.startsWith('((', at)) {
    reader.stack.push('arithmetic');
    reader.stack.push('arithmetic');
    reader.at += 2;
  } else if (text[at] === '(') {
    reader.stack.push('inner');
    reader.at += 1;
    reader.wordStart = true;
  } else if (text[at] === '{') {
    reader.stack.push(parameter);
    reader.at += 1;
  } else if (text[at] === '[') reader.unsure ??= 'after $[';
}

function readHereDocument(reader: Reader): void {
  const rest = reader.text.slice(reader.at - 1);
  if (!rest.startsWith('<<')) return;
  if (rest.startsWith('<<<')) {
    reader.at += 2;
    return;
  }
  const match = HERE.exec(rest);
  if (match === null) {
    reader.unsure ??= 'after <<';
    return;
  }
  const [all, dash, single, double, bare] = match;
  const delimiter = (single ?? double ?? bare) as string;
  const isExpanded = bare !== undefined && !all.endsWith(`\\${bare}`);
  reader.heredocs.push({ delimiter, stripsTabs: dash === '-', isExpanded });
  reader.at += all.length - 1;
}

const HERE = /^<<(-?)[ \t]*(?:'([^']+)'|"([^"$`\\]+)"|\\?([A-Za-z0-9_]+))(?=[\s;&|<>()])/;

function beginHereDocument(reader: Reader): void {
  if (reader.heredocs.length > 0) reader.stack.push('heredoc');
}

/** One line of a here-document, or its part before a value. */
function skipLine(reader: Reader): void {
  const { text, at, stack, heredocs } = reader;
  const end = text.indexOf('\n', at);
  const line = text.slice(at, end < 0 ? text.length : end);
  const { delimiter, stripsTabs, isExpanded } = heredocs[0] as HereDocument;
  if (isExpanded && continues(line)) reader.unsure ??= 'after a here-document with commands';
  // A line without its line break may continue after a value.
  if (end >= 0 && (stripsTabs ? line.replace(/^\t+/, '') : line) === delimiter) heredocs.shift();
  if (heredocs.length === 0) stack.pop();
  reader.at = end < 0 ? text.length : end + 1;
}

/** A command that continues after this line of a here-document may contain the delimiter. */
function continues(line: string): boolean {
  const count = (pattern: RegExp) => line.match(pattern)?.length ?? 0;
  if (count(/`/g) % 2 === 1) return true;
  return (
    (line.includes('$(') && count(/\(/g) !== count(/\)/g)) ||
    (line.includes('${') && count(/\{/g) !== count(/\}/g))
  );
}
