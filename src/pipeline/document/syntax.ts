/**
 * Error messages for YAML syntax errors, with hints. The YAML package reports where parsing failed;
 * the cause is often earlier. This file knows only the package's codes and messages.
 */
import type { Mistake } from './diagnostics.js';
import type { Span } from './source-text.js';

/** An error of the YAML package. */
interface SyntaxFault {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

/** The package's lexer: splits a text into tokens; its control characters do not represent text. */
type Tokens = (text: string) => Iterable<string>;

interface SyntaxMistake {
  readonly mistake: Mistake;
  readonly span: Span;
}

/** A conflict marker. An incomplete resolution may leave a single one. */
const MARKER = /^(?:<{7}(?: .*)?|\|{7}(?: .*)?|={7}|>{7}(?: .*)?)\r?$/gm;

/** A conflict left by `git merge`: no line of YAML within a map looks like a marker. */
export function conflictMistake(text: string): SyntaxMistake | undefined {
  const markers = [...text.matchAll(MARKER)];
  const [first] = markers;
  if (first === undefined) return undefined;
  const next = markers.findIndex(([marker]) => marker.startsWith('>'));
  const lines = markers.slice(0, next < 0 ? undefined : next + 1).map(({ index }) => {
    return text.slice(0, index).split('\n').length;
  });
  const [from, to] = [lines[0], lines.at(-1)];
  return {
    mistake: {
      code: 'merge-conflict',
      message: `unresolved merge conflict in ${from === to ? `line ${from}` : `lines ${from} to ${to}`}`,
      hint: 'keep the lines that are right, and remove the markers <<<<<<<, ======= and >>>>>>>',
    },
    span: { start: first.index, end: first.index + first[0].trimEnd().length },
  };
}

/** The parser recovers from these, so its next error is independent. */
const LOCAL = new Set(['BAD_SCALAR_START', 'TAG_RESOLVE_FAILED', 'BAD_DQ_ESCAPE', 'BAD_ALIAS']);

/** In text order, up to the first error from which the parser cannot recover; later errors follow from it. */
export function syntaxMistakes(
  faults: readonly SyntaxFault[],
  text: string,
  tokensOf: Tokens,
): readonly SyntaxMistake[] {
  const found: SyntaxMistake[] = [];
  for (const fault of [...faults].sort((a, b) => a.pos[0] - b.pos[0])) {
    // Inside a span that is reported already.
    if (fault.pos[0] < (found.at(-1)?.span.end ?? 0)) continue;
    found.push(mistakeOf(fault, text, tokensOf));
    if (!LOCAL.has(fault.code) && !isColonInText(fault, text)) break;
  }
  return found;
}

/** A colon that ends a key in YAML: a space or the end of the line follows. */
const COLON = /:(?:\s|$)/;

/** The rest of the line contains a ": ", so it looks like a key. */
function isColonInText(fault: SyntaxFault, text: string): boolean {
  const isNested = fault.code === 'BLOCK_AS_IMPLICIT_KEY' && !isListEntry(fault);
  return isNested && COLON.test(restOfLine(text, fault.pos[0]));
}

/** `- x:` among the keys of a map. */
function isListEntry({ message }: SyntaxFault): boolean {
  return message.startsWith('A block sequence may not be used as an implicit map key');
}

function mistakeOf(fault: SyntaxFault, text: string, tokensOf: Tokens): SyntaxMistake {
  const [start, end] = fault.pos;
  const found =
    unclosed(fault, text, tokensOf) ??
    listEntry(fault, text) ??
    indentation(fault, text) ??
    colon(fault, text) ??
    afterQuotes(fault, text);
  if (found) return found;
  const hint = hintFor(fault, text);
  return mistakeAt({ start, end }, messageOf(fault, text), hint);
}

function messageOf(fault: SyntaxFault, text: string): string {
  const [start, end] = fault.pos;
  if (fault.code === 'BAD_SCALAR_START')
    return `a text that begins with ${quoted(text.charAt(start))} needs quotes`;
  const unexpected = fault.code === 'UNEXPECTED_TOKEN' && end > start;
  return unexpected ? `unexpected ${quoted(text.slice(start, end))}` : sentence(fault);
}

function mistakeAt(span: Span, message: string, hint?: string): SyntaxMistake {
  return { mistake: { code: 'yaml-syntax', message, hint }, span };
}

/** For a bracket or quote, the package reports the last place where it could have been closed. */
function unclosed(
  { message, pos: [start] }: SyntaxFault,
  text: string,
  tokensOf: Tokens,
): SyntaxMistake | undefined {
  if (/^Flow (?:map|sequence) (?:in block collection )?must /.test(message)) {
    const open = openBracket(text, start, tokensOf);
    if (open === undefined) return undefined;
    const [left, right] = text[open] === '[' ? ['[', ']'] : ['{', '}'];
    const hint = `put "${right}" after its last entry`;
    return mistakeAt({ start: open, end: open + 1 }, `"${left}" is not closed`, hint);
  }
  if (/^Missing closing ['"]quote/.test(message)) {
    const open = openQuote(text, start, tokensOf);
    if (open === undefined) return undefined;
    const hint = `put another ${text[open]} at the end of the text`;
    return mistakeAt({ start: open, end: open + 1 }, 'the quote is not closed', hint);
  }
  return undefined;
}

/** Offset of the innermost bracket that is open at `end`. */
function openBracket(text: string, end: number, tokensOf: Tokens): number | undefined {
  const open: number[] = [];
  for (const { token, at } of placed(text, tokensOf)) {
    if (at >= end) break;
    if (token === '[' || token === '{') open.push(at);
    else if (token === ']' || token === '}') open.pop();
  }
  return open.at(-1);
}

function openQuote(text: string, end: number, tokensOf: Tokens): number | undefined {
  let open: number | undefined;
  for (const { token, at } of placed(text, tokensOf)) {
    if (at >= end) break;
    if (token.startsWith('"') || token.startsWith("'")) open = at;
  }
  return open;
}

function* placed(text: string, tokensOf: Tokens): Iterable<{ token: string; at: number }> {
  let at = 0;
  for (const token of tokensOf(text)) {
    if (CONTROL.has(token)) continue;
    yield { token, at };
    at += token.length;
  }
}

/** Start of a document or scalar; end of a truncated flow collection. */
const CONTROL = new Set(['\x02', '\x1f', '\x18']);

/** A line with a key and the text after its colon, also as a list entry with "- ". */
const KEY_LINE = /^((?: *- )? *)("[^"]*"|'[^']*'|[^\s#'"[\]{},][^:]*?):(?:\s|$)/;

/** A key in a column where no key can begin. */
function indentation(
  { code, message, pos: [start] }: SyntaxFault,
  text: string,
): SyntaxMistake | undefined {
  const line = text.lastIndexOf('\n', start - 1) + 1;
  if (code === 'BAD_INDENT' && message.startsWith('All mapping items'))
    return misplaced(text, line);
  if (code !== 'BLOCK_AS_IMPLICIT_KEY' || COLON.test(restOfLine(text, start))) return undefined;
  // This line's value seems to continue in the next line, which is a key.
  const next = text.indexOf('\n', start) + 1;
  return next === 0 ? undefined : misplaced(text, next);
}

/** The key of the line that begins at `line`, with the columns where it could begin. */
function misplaced(text: string, line: number): SyntaxMistake | undefined {
  const [, before, key] = KEY_LINE.exec(restOfLine(text, line)) ?? [];
  if (before === undefined || key === undefined) return undefined;
  const indent = before.length;
  let deeper: Column | undefined;
  let outer: Column | undefined;
  const above = text.slice(0, line).split('\n').slice(0, -1);
  for (let at = above.length - 1; at >= 0 && outer === undefined; at--) {
    const [, space, name] = KEY_LINE.exec(above[at]!) ?? [];
    if (space === undefined || name === undefined) continue;
    const column = { indent: space.length, name, line: at + 1 };
    if (column.indent <= indent) outer = column;
    else if (deeper === undefined || column.indent <= deeper.indent) deeper = column;
  }
  const places = [deeper, outer].filter((each) => each !== undefined).map(columnText);
  const start = line + indent;
  return mistakeAt(
    { start, end: start + key.length },
    'the indentation matches no line above',
    places.length === 0 ? undefined : `indent it by ${places.join(', or by ')}`,
  );
}

interface Column {
  readonly indent: number;
  readonly name: string;
  readonly line: number;
}

function columnText({ indent, name, line }: Column): string {
  const spaces = indent === 0 ? 'nothing' : indent === 1 ? '1 space' : `${indent} spaces`;
  return `${spaces}, like "${name}" in line ${line}`;
}

function listEntry(fault: SyntaxFault, text: string): SyntaxMistake | undefined {
  if (!isListEntry(fault)) return undefined;
  const start = text.indexOf('-', fault.pos[0]);
  const message = 'a list entry begins among the keys of a map';
  return mistakeAt({ start, end: start + 1 }, message, 'remove the "- "');
}

/** A superfluous colon in a text, or a missing one after a key. */
function colon(fault: SyntaxFault, text: string): SyntaxMistake | undefined {
  const [start] = fault.pos;
  const rest = restOfLine(text, start).trimEnd();
  const span = { start, end: start + rest.length };
  if (isColonInText(fault, text)) {
    const what = /:\s/.test(rest) ? 'contains ": "' : 'ends with ":"';
    return mistakeAt(span, `a text that ${what} needs quotes`, 'put the whole text in quotes');
  }
  // In the last line of a map, the package misses the value instead.
  const isKeyAlone =
    fault.code === 'MULTILINE_IMPLICIT_KEY' || fault.message.startsWith('Implicit map keys need');
  if (isKeyAlone && !COLON.test(rest)) {
    const [, key, value] = /^([^\s:=]+)[\s:=]*(.*)$/.exec(rest) ?? [];
    const hint = `write "${value ? `${key}: ${value}` : `${key}:`}"`;
    return mistakeAt(span, 'a ": " is missing after the key', hint);
  }
  return undefined;
}

/** `cmd: "x" > y`: the quotes enclose only the beginning of a text. */
function afterQuotes(
  { code, message, pos: [start, end] }: SyntaxFault,
  text: string,
): SyntaxMistake | undefined {
  if (code !== 'UNEXPECTED_TOKEN' || !message.endsWith('at node end')) return undefined;
  if (!/["']\s*$/.test(text.slice(text.lastIndexOf('\n', start - 1) + 1, start))) return undefined;
  const hint = 'put the whole text in quotes of the other kind';
  return mistakeAt({ start, end }, 'the text continues after its closing quote', hint);
}

function hintFor({ code, pos: [start] }: SyntaxFault, text: string): string | undefined {
  if (code === 'TAB_AS_INDENT') return 'indent with spaces';
  if (code === 'MULTIPLE_DOCS') return 'the file is one document: remove the "---"';
  if (code === 'TAG_RESOLVE_FAILED') return 'quote the text if it should begin with "!"';
  const line = restOfLine(text, text.lastIndexOf('\n', start - 1) + 1);
  // The bracket of `${` does not open a map.
  if (/(?<!\$)[[{][^'"]*\$\{/.test(line))
    return 'inside { } and [ ], put a text that contains ${…} in quotes';
  return code === 'BAD_SCALAR_START' ? 'put the whole text in quotes' : undefined;
}

/** The first line of a text, in quotes. */
function quoted(text: string): string {
  return JSON.stringify(text.split('\n', 1)[0]);
}

/** The package's message in the style of pipe: no capital, no full stop. */
function sentence({ code, message }: SyntaxFault): string {
  // This message of the package names its own functions.
  if (code === 'MULTIPLE_DOCS') return 'a second YAML document begins here';
  const first = message[0] ?? '';
  const rest = message.slice(1).replace(/\.$/, '');
  return /^[A-Z][a-z]/.test(message) ? first.toLowerCase() + rest : first + rest;
}

function restOfLine(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  return text.slice(start, end < 0 ? text.length : end);
}
