/** Quotes a value at its position in a shell command, so that the shell reads it unchanged. */

/**
 * Parser state at the end of a command's text, as sh and bash read it. Where they differ, or only a
 * full parser could decide, the state is unsure: from there on only harmless values are allowed.
 */
export interface ShellState {
  /** Nested contexts, innermost last. */
  readonly stack: readonly Frame[];
  /** Length of the command so far. */
  readonly length: number;
  /** The last character was a backslash. */
  readonly escaped: boolean;
  /** A `#` here starts a comment. */
  readonly wordStart: boolean;
  /** Here-documents that start on the next line. */
  readonly heredocs: readonly HereDocument[];
  /** The cause of the unsure state. */
  readonly unsure: string | undefined;
}

interface Frame {
  readonly context: Context;
  /** Its offset in the command. */
  readonly start: number;
}

interface HereDocument {
  readonly delimiter: string;
  /** `<<-`: ignores tabs before the delimiter. */
  readonly stripsTabs: boolean;
  /** Commands in its text are executed, since no part of the delimiter is quoted. */
  readonly isExpanded: boolean;
}

/**
 * `group` is `( … )`, `inner` the same within a word: `$(…)`, `<(…)`, `a=(…)`. `parameter` is
 * `${…}`, `quoted` the same within double quotes.
 */
type Context =
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
  stack: [{ context: 'plain', start: 0 }],
  length: 0,
  escaped: false,
  wordStart: true,
  heredocs: [],
  unsure: undefined,
};

interface Reader {
  readonly text: string;
  at: number;
  /** Length of the command before the text. */
  readonly length: number;
  readonly stack: Frame[];
  escaped: boolean;
  wordStart: boolean;
  readonly heredocs: HereDocument[];
  unsure: string | undefined;
}

/** The state after a text of the command. */
export function advance(state: ShellState, text: string): ShellState {
  // Fast path for most texts: words and spaces.
  if (state.stack.length === 1 && !state.escaped && !/[^\w\s./:=,;&|>-]|\n/.test(text)) {
    return { ...state, length: state.length + text.length, wordStart: /[\s;&|]$/.test(text) };
  }
  const reader: Reader = {
    ...state,
    text,
    at: 0,
    stack: [...state.stack],
    heredocs: [...state.heredocs],
  };
  while (reader.at < text.length) {
    if (contextOf(reader) === 'heredoc') skipLine(reader);
    else readCharacter(reader);
  }
  const { stack, escaped, wordStart, heredocs, unsure } = reader;
  const length = state.length + text.length;
  return { stack, length, escaped, wordStart, heredocs, unsure };
}

/** The state after a value that was filled in as this text. */
export function afterValue(state: ShellState, text: string): ShellState {
  return { ...state, length: state.length + text.length, wordStart: false };
}

/** Start offsets of the contexts around this position, innermost last. */
export function nestedSince({ stack }: ShellState): readonly number[] {
  return stack.slice(1).map(({ start }) => start);
}

function contextOf({ stack }: Pick<ShellState, 'stack'>): Context {
  return stack.at(-1)!.context;
}

function open(context: Context, { stack, length, at }: Reader): void {
  stack.push({ context, start: length + at - 1 });
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
  single: (character, reader) => closeAt("'", character, reader),
  backtick: (character, reader) => closeAt('`', character, reader),
  comment: (character, reader) => {
    closeAt('\n', character, reader);
    if (character === '\n') beginHereDocument(reader);
  },
  heredoc: () => {},
  arithmetic: readArithmetic,
  parameter: (character, reader) => {
    if (character === '}') reader.stack.pop();
    else if (character === "'") open('single', reader);
    else if (character === '"') open('double', reader);
    else readOpening(character, reader, 'parameter');
  },
  quoted: (character, reader) => {
    if (character === '}') reader.stack.pop();
    else if (/['"]/.test(character)) becomeUnsure('behind quotes within "${…}"', reader);
    else readOpening(character, reader, 'quoted');
  },
};

function closeAt(closing: string, character: string, { stack }: Reader): void {
  if (character === closing) stack.pop();
}

function becomeUnsure(where: string, reader: Reader): void {
  reader.unsure ??= where;
}

function readPlain(character: string, reader: Reader, wordStart: boolean): void {
  const { stack, text, at } = reader;
  const before = text[at - 2] ?? '';
  if (character === "'") {
    if (before === '$') becomeUnsure("behind $'", reader);
    open('single', reader);
  } else if (character === '"') open('double', reader);
  else if (character === '(') openParenthesis(reader, wordStart);
  else if (character === ')') closeParenthesis(reader);
  else if (character === '#' && /[<>)]/.test(before)) becomeUnsure(`behind ${before}#`, reader);
  else if (character === '#' && wordStart) open('comment', reader);
  else if (character === '\n') beginHereDocument(reader);
  else if (character === '<') readHereDocument(reader);
  else if (wordStart && stack.length > 1 && /^case\s/.test(text.slice(at - 1, at + 4)))
    becomeUnsure('behind case within parentheses', reader);
  else readOpening(character, reader, 'parameter');
}

function openParenthesis(reader: Reader, wordStart: boolean): void {
  if (wordStart && reader.text[reader.at] === '(') {
    open('arithmetic', reader);
    open('arithmetic', reader);
    reader.at += 1;
  } else open(wordStart ? 'group' : 'inner', reader);
}

/** Without an opening one, it belongs to a `case`. */
function closeParenthesis(reader: Reader): void {
  const { stack } = reader;
  if (stack.length === 1) return;
  if (stack.pop()?.context === 'inner') reader.wordStart = false;
}

/** Reads the text as if in double quotes: single quotes have no meaning. */
function readArithmetic(character: string, reader: Reader): void {
  if (character === ')') {
    reader.stack.pop();
    reader.wordStart = false;
  } else if (character === '(') open('arithmetic', reader);
  else if (/['"]/.test(character)) becomeUnsure('behind quotes in arithmetic', reader);
  else readOpening(character, reader, 'quoted');
}

/** Contexts that open both in plain text and within double quotes. */
function readOpening(character: string, reader: Reader, parameter: Context): void {
  const { text, at } = reader;
  if (character === '`') open('backtick', reader);
  if (character !== '$') return;
  if (text.startsWith('((', at)) {
    open('arithmetic', reader);
    open('arithmetic', reader);
    reader.at += 2;
  } else if (text[at] === '(') {
    open('inner', reader);
    reader.at += 1;
    reader.wordStart = true;
  } else if (text[at] === '{') {
    open(parameter, reader);
    reader.at += 1;
  } else if (text[at] === '[') becomeUnsure('behind $[', reader);
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
    becomeUnsure('behind <<', reader);
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
  if (reader.heredocs.length > 0) open('heredoc', reader);
}

/** One line of a here-document, or its part before a value. */
function skipLine(reader: Reader): void {
  const { text, at, stack, heredocs } = reader;
  const end = text.indexOf('\n', at);
  const line = text.slice(at, end < 0 ? text.length : end);
  const { delimiter, stripsTabs, isExpanded } = heredocs[0] as HereDocument;
  if (isExpanded && goesOn(line)) becomeUnsure('behind a here-document with commands', reader);
  // A line without its line break may continue behind a value.
  if (end >= 0 && (stripsTabs ? line.replace(/^\t+/, '') : line) === delimiter) heredocs.shift();
  if (heredocs.length === 0) stack.pop();
  reader.at = end < 0 ? text.length : end + 1;
}

/** A command that continues after this line of a here-document may contain the delimiter. */
function goesOn(line: string): boolean {
  const count = (pattern: RegExp) => line.match(pattern)?.length ?? 0;
  if (count(/`/g) % 2 === 1) return true;
  return (
    (line.includes('$(') && count(/\(/g) !== count(/\)/g)) ||
    (line.includes('${') && count(/\{/g) !== count(/\}/g))
  );
}

/** True where a value is an unquoted word or a part of one. */
export function isUnquoted(state: ShellState): boolean {
  return !state.escaped && ['plain', 'group', 'inner'].includes(contextOf(state));
}

type Quoted = { readonly text: string } | { readonly refused: string };

/** The text around a value, as far as it is known. */
interface Around {
  readonly before: string;
  readonly next: string;
}

export function quote(value: string, state: ShellState, { before, next }: Around): Quoted {
  const context = contextOf(state);
  if (state.escaped) return { refused: 'behind a backslash' };
  if (context === 'heredoc') return { refused: 'in a here-document' };
  const isSafe = isHarmless(value);
  if (state.unsure !== undefined && !isSafe) return { refused: state.unsure };
  // `$name` before it would absorb the value's first letters.
  const joins = /\$[A-Za-z_]\w*$/.test(before) && /^\w/.test(value);
  switch (context) {
    case 'plain':
    case 'group':
    case 'inner':
      if (!isSafe && isComputed(before, next)) return { refused: 'where bash computes a number' };
      return { text: joins ? inQuotes(value) : quotePlain(value, next) };
    case 'parameter':
      return { text: quotePlain(value, next) };
    case 'double':
      return { text: `${joins ? '""' : ''}${value.replace(/["$`\\]/g, '\\$&')}` };
    case 'quoted':
      return /["'$`\\}]/.test(value) ? { refused: 'within "${…}"' } : { text: value };
    case 'single':
      return { text: value.replaceAll("'", "'\\''") };
    case 'comment':
      return { text: value.replace(/[\r\n]+/g, ' ') };
    case 'backtick':
      return isSafe ? { text: value } : { refused: 'within backticks' };
    case 'arithmetic':
      return isSafe ? { text: value } : { refused: 'in arithmetic' };
    default:
      return context satisfies never;
  }
}

const COMPARES = '-(?:eq|ne|lt|le|gt|ge)';
const COMPUTED_BEFORE = new RegExp(String.raw`\[\[[^\n]*\s${COMPARES}\s+$|\w\[[^\]\s]*$`);
const COMPUTED_NEXT = new RegExp(String.raw`^\s+${COMPARES}\s`);

/** In `[[ … -eq … ]]` and as an index, bash evaluates a value as an expression, which may contain commands. */
function isComputed(before: string, next: string): boolean {
  return COMPUTED_BEFORE.test(before) || (before.includes('[[') && COMPUTED_NEXT.test(next));
}

const SAFE = /^[A-Za-z0-9_\-./:@%+,]+$/;
const RESERVED = new Set('if then else elif fi do done case esac while until for in'.split(' '));

/** True for a value that stays the same however often it is parsed as code. */
export function isHarmless(value: string): boolean {
  return value === '' || SAFE.test(value);
}

/** Harmless characters as they are, others in single quotes. */
export function quotePlain(value: string, next = ''): string {
  // `2` before `>` would name a file descriptor.
  const descriptor = /^\d+$/.test(value) && /^[<>]/.test(next);
  if (SAFE.test(value) && !descriptor && !RESERVED.has(value)) return value;
  return inQuotes(value);
}

function inQuotes(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
