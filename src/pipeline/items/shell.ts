/** What a value must look like at a spot of a shell command, so that the shell reads it as it is. */

/**
 * Where in a command a text ends, as POSIX sh reads it. Nested by `$(…)`; the last is the innermost.
 */
export interface ShellState {
  readonly stack: readonly Context[];
  /** A backslash waits for its character. */
  readonly escaped: boolean;
  /** A `#` here begins a comment. */
  readonly wordStart: boolean;
  /** Delimiters of here-documents whose text begins at the next line. */
  readonly heredocs: readonly string[];
}

export type Context = 'plain' | 'double' | 'single' | 'backtick' | 'comment' | 'heredoc';

export const SHELL_START: ShellState = {
  stack: ['plain'],
  escaped: false,
  wordStart: true,
  heredocs: [],
};

interface Reader {
  readonly text: string;
  at: number;
  readonly stack: Context[];
  escaped: boolean;
  wordStart: boolean;
  readonly heredocs: string[];
}

/** The state after a text of the command. */
export function advance(state: ShellState, text: string): ShellState {
  // Most texts of most commands: words and spaces.
  if (state.stack.length === 1 && !state.escaped && !/[^\w\s./:=,;&|>-]|\n/.test(text)) {
    return { ...state, wordStart: /[\s;&|]$/.test(text) };
  }
  const reader: Reader = {
    ...state,
    text,
    at: 0,
    stack: [...state.stack],
    heredocs: [...state.heredocs],
  };
  while (reader.at < text.length) {
    if (reader.stack.at(-1) === 'heredoc') skipLine(reader);
    else readCharacter(reader);
  }
  const { stack, escaped, wordStart, heredocs } = reader;
  return { stack, escaped, wordStart, heredocs };
}

/** The state after a value. */
export function afterValue(state: ShellState): ShellState {
  return { ...state, wordStart: false };
}

function readCharacter(reader: Reader): void {
  const { stack, wordStart } = reader;
  const context = stack.at(-1)!;
  const character = reader.text[reader.at]!;
  reader.at += 1;
  reader.wordStart = !reader.escaped && /[\s;&|()]/.test(character);
  if (reader.escaped) reader.escaped = false;
  else if (character === '\\' && context !== 'single' && context !== 'comment')
    reader.escaped = true;
  else if (context === 'plain') readPlain(character, wordStart, reader);
  else if (character === CLOSING[context]) stack.pop();
  else if (context === 'double') readOpening(character, reader);
}

const CLOSING: Readonly<Record<Context, string>> = {
  plain: ')',
  double: '"',
  single: "'",
  backtick: '`',
  comment: '\n',
  heredoc: '',
};

function readPlain(character: string, wordStart: boolean, reader: Reader): void {
  const { stack, heredocs } = reader;
  if (character === "'") stack.push('single');
  else if (character === '"') stack.push('double');
  else if (character === '(') stack.push('plain');
  else if (character === ')' && stack.length > 1) stack.pop();
  else if (character === '#' && wordStart) stack.push('comment');
  else if (character === '\n' && heredocs.length > 0) stack.push('heredoc');
  else if (character === '<') readHereDocument(reader);
  else readOpening(character, reader);
}

/** What opens both in plain text and within double quotes. */
function readOpening(character: string, reader: Reader): void {
  if (character === '`') reader.stack.push('backtick');
  if (character !== '$' || reader.text[reader.at] !== '(') return;
  reader.stack.push('plain');
  reader.at += 1;
  reader.wordStart = true;
}

function readHereDocument(reader: Reader): void {
  const match = HERE.exec(reader.text.slice(reader.at - 1));
  if (!match) return;
  reader.heredocs.push((match[1] ?? match[2] ?? match[3])!);
  reader.at += match[0].length - 1;
}

const HERE = /^<<-?[ \t]*(?:'([^']+)'|"([^"]+)"|\\?([A-Za-z0-9_]+))/;

/** One line of a here-document, or what of it stands before a value. */
function skipLine(reader: Reader): void {
  const { text, at, stack, heredocs } = reader;
  const end = text.indexOf('\n', at);
  const line = text.slice(at, end < 0 ? text.length : end).replace(/^\t+/, '');
  if (line === heredocs[0]) heredocs.shift();
  if (heredocs.length === 0) stack.pop();
  reader.at = end < 0 ? text.length : end + 1;
}

/**
 * What reads the spot behind `before` as code once more, such as `bash -c`; undefined for what the
 * shell alone reads. One quoting is not enough there.
 */
export function secondReader(before: string): string | undefined {
  const found = CODE.exec(before) ?? REMOTE.exec(before);
  return found?.slice(1).filter(Boolean).join(' ');
}

/** Words and quoted parts of one command, the last of which may be open. */
const WORDS = String.raw`(?:"(?:[^"\\]|\\[^])*"|'[^']*'|\\[^]|[^"'\\;&|\n()])*`;
const WORD = String.raw`(?:"(?:[^"\\]|\\[^])*"|'[^']*'|\\[^]|[^"'\\;&|\s()])*`;
const OPEN = String.raw`(?:"(?:[^"\\]|\\[^])*|'[^']*)`;
const START = String.raw`(?:^|[\s;&|(\x60"'/])`;

/** The word behind `-c` or `-e`, when the value is in quotes or is a part of it. */
const CODE = new RegExp(
  String.raw`${START}((?:ba|da|z|k|a|fi)?sh|su|python[\d.]*|perl|ruby|node|Rscript)(?:\s[^;&|\n]*?)?\s(-[a-zA-Z]*[ce])\s+(?=[^\s])${WORD}${OPEN}?$`,
);

/** All words behind these. */
const REMOTE = new RegExp(String.raw`${START}(ssh|eval|parallel)\s${WORDS}${OPEN}?$`);

export type Quoted = { readonly text: string } | { readonly refused: string };

/** `next` is the text behind the value, as far as it is known. */
export function quote(value: string, state: ShellState, next: string): Quoted {
  const context = state.stack.at(-1)!;
  if (state.escaped) return { refused: 'behind a backslash' };
  switch (context) {
    case 'plain':
      return { text: quotePlain(value, next) };
    case 'double':
      return { text: value.replace(/["$`\\]/g, '\\$&') };
    case 'single':
      return { text: value.replaceAll("'", "'\\''") };
    case 'comment':
      return { text: value.replace(/[\r\n]+/g, ' ') };
    case 'backtick':
      return SAFE.test(value) ? { text: value } : { refused: 'within backticks' };
    case 'heredoc':
      return { refused: 'in a here-document' };
    default:
      return context satisfies never;
  }
}

const SAFE = /^[A-Za-z0-9_\-./:@%+,]+$/;
const RESERVED = new Set('if then else elif fi do done case esac while until for in'.split(' '));

/** True for a value that reads the same however often it is read as code. */
export function isHarmless(value: string): boolean {
  return value === '' || SAFE.test(value);
}

/** Of harmless characters as it is, else in single quotes. */
export function quotePlain(value: string, next = ''): string {
  // `2` before `>` would name a file descriptor.
  const descriptor = /^\d+$/.test(value) && /^[<>]/.test(next);
  if (SAFE.test(value) && !descriptor && !RESERVED.has(value)) return value;
  return `'${value.replaceAll("'", "'\\''")}'`;
}
