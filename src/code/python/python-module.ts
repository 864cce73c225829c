/** One Python file: the digest of its code, and its imports. Pure. */
import { sha256 } from '../../canonical.js';
import type { Imports } from './imports.js';
import { importsIn } from './python-imports.js';
import { lex, type Token } from './python-lexer.js';
import type { Source } from './python-source.js';
import { lineStart, placeAt } from './token-reader.js';

export interface PythonModule extends Readonly<Imports> {
  /** SHA-256 of the tokens, without comments and docstrings. */
  readonly code: string;
  /** The same with docstrings. */
  readonly documented: string;
  /** True if the code reads docstrings: the docstrings of everything loaded with it count then. */
  readonly readsDocstrings: boolean;
  /** True if the code reads or copies source text: everything loaded with it counts by its bytes then. */
  readonly readsSource: boolean;
}

export function parseModule({ text, isUtf8, directives }: Source): PythonModule {
  const { tokens, inStrings, flaw } = lex(text);
  const found = importsIn(text, [...tokens, ...inStrings]);
  const message = 'this is not valid Python, so not all of its imports are known';
  if (flaw !== undefined) found.opaque.push({ message, place: placeAt(text, flaw, 1) });
  const isSure = isUtf8 && flaw === undefined;
  const bare = isSure ? withoutDocstrings(tokens) : tokens;
  const documented = isSure ? digestOf(directives, tokens) : digestOfText(directives, text);
  return {
    ...found,
    code: bare.length === tokens.length ? documented : digestOf(directives, bare),
    documented,
    readsDocstrings: readsDocstrings(tokens, found),
    readsSource: READS_SOURCE.test(text),
  };
}

type IfModule = PythonModule | undefined;

/** The digest that counts for each module of a program; undefined if its bytes count. */
export function countedIn(modules: readonly IfModule[]): (module: IfModule) => string | undefined {
  if (modules.some((module) => module?.readsSource)) return () => undefined;
  const isDocumented = modules.some((module) => module?.readsDocstrings);
  return (module) => (isDocumented ? module?.documented : module?.code);
}

const MARKS = { newline: '\n', indent: '>', dedent: '<' } as const;

function digestOf(directives: string, tokens: readonly Token[]): string {
  const words = tokens.map(({ kind, text }) => (kind in MARKS ? MARKS[kind as 'newline'] : text));
  return sha256(`pipe python 1\n${directives}\0${words.join('\0')}`);
}

/** For text that is not valid Python, or not UTF-8. */
function digestOfText(directives: string, text: string): string {
  return sha256(`pipe python text\n${directives}\0${text}`);
}

/** Without strings that stand alone at the start of the file, or of the body of a `def` or a `class`. */
function withoutDocstrings(tokens: readonly Token[]): readonly Token[] {
  const left: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const end = isBodyStart(tokens, at) ? stringsEnd(tokens, at) : at;
    at = end;
    if (at < tokens.length) left.push(tokens[at] as Token);
  }
  return left;
}

function isBodyStart(tokens: readonly Token[], at: number): boolean {
  if (tokens[at]?.kind !== 'string') return false;
  if (at === 0) return true;
  if (tokens[at - 1]?.kind !== 'indent') return false;
  const header = lineStart(tokens, at - 2);
  const word = tokens[header]?.text;
  return /^(?:def|class)$/.test((word === 'async' ? tokens[header + 1]?.text : word) ?? '');
}

/** The index after plain strings that fill a line; else `at`. */
function stringsEnd(tokens: readonly Token[], at: number): number {
  let end = at;
  while (tokens[end]?.kind === 'string' && /^[ru]?['"]/i.test((tokens[end] as Token).text))
    end += 1;
  return end > at && tokens[end]?.kind === 'newline' ? end + 1 : at;
}

/** `open(__file__)`, as in a training that stores its own program; also in a comment, which costs little. */
const READS_SOURCE =
  /\bget(?:source(?:lines)?|comments)\b|\b(?:open|copy2?|copyfile|read_text|save|log_artifact)\(\s*(?:(?:[\w.]+\.)?(?:abspath|realpath)\(\s*)?(?:__file__|sys\.argv\[0\])|\bPath\(\s*(?:__file__|sys\.argv\[0\])\s*\)(?:\.\w+\(\))?\.(?:read_|open\()/;

/** Packages that build command lines, grammars, schemas or prompts from their users' docstrings. */
const DOCSTRING_PACKAGES = new Set(
  (
    'docopt ply doctest dspy pydantic pydantic_ai instructor langchain langchain_core llama_index ' +
    'smolagents marvin magentic agents fastmcp mcp strawberry'
  ).split(' '),
);

function readsDocstrings(tokens: readonly Token[], { imports }: Imports): boolean {
  return (
    tokens.some(({ text }) => text === '__doc__' || text === 'getdoc') ||
    imports.some(
      ({ name, level }) => level === 0 && DOCSTRING_PACKAGES.has(name.split('.')[0] as string),
    )
  );
}
