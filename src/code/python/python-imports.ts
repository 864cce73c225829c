/** Finds the imports in the tokens of a Python file, and dynamic loads that pipe cannot follow. Pure. */
import { DynamicLoads } from './dynamic-loads.js';
import type { Imports } from './imports.js';
import type { Token } from './python-lexer.js';
import { lineStart, TokenReader } from './token-reader.js';

export function importsIn(text: string, tokens: readonly Token[]): Imports {
  const found: Imports = { imports: [], executes: [], starts: [], all: [], search: [], opaque: [] };
  const source = new TokenReader(text, tokens);
  const reader = new Statements(source, found);
  const loads = new DynamicLoads(source, found);
  const typeOnly = typeOnlyBlocks(tokens);
  for (let at = 0; at < tokens.length; at++) {
    at = typeOnly.get(at) ?? at;
    if (tokens[at]?.kind !== 'name') continue;
    if (!reader.name(at)) loads.name(at);
  }
  return found;
}

const TYPE_CHECKING = /^(?:el)?if (not )?(?:\w+ \. )?TYPE_CHECKING :$/;

/** Blocks only for type checkers: the index after the block, by its first token. */
function typeOnlyBlocks(tokens: readonly Token[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const [at, { text }] of tokens.entries()) {
    if (text !== 'TYPE_CHECKING' || tokens[at + 1]?.text !== ':') continue;
    const start = lineStart(tokens, at);
    const words = tokens.slice(start, at + 2).map((token) => token.text);
    const header = TYPE_CHECKING.exec(words.join(' '));
    const end = blockEnd(tokens, at + 2);
    if (header === null) continue;
    if (header[1] === undefined) found.set(at + 2, end);
    else if (tokens[end]?.text === 'else') found.set(end, blockEnd(tokens, end + 2));
  }
  return found;
}

/** The index after a block, which is the rest of a line or the indented lines below it. */
function blockEnd(tokens: readonly Token[], start: number): number {
  let at = start;
  while (at < tokens.length && tokens[at]?.kind !== 'newline') at += 1;
  at += 1;
  if (at !== start + 1) return at;
  for (let depth = 0; at < tokens.length; at++) {
    const { kind } = tokens[at] as Token;
    if (kind === 'indent') depth += 1;
    if (kind === 'dedent') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return at;
}

/** Import statements, and the list of names in `__all__`. */
class Statements {
  readonly #found: Imports;
  readonly #reader: TokenReader;

  constructor(reader: TokenReader, found: Imports) {
    this.#reader = reader;
    this.#found = found;
  }

  /** True if the name starts one. */
  name(at: number): boolean {
    const word = this.#reader.text(at);
    if (word === 'from') this.#from(at);
    else if (word === 'import') this.#import(at);
    else if (word === '__all__') this.#found.all.push(...this.#reader.strings(at));
    else return false;
    return true;
  }

  /** `from ..a.b import c as d, e`; other uses of `from` have no `import` after the name. */
  #from(at: number): void {
    let next = at + 1;
    let level = 0;
    for (; /^\.+$/.test(this.#reader.text(next)); next++) level += this.#reader.text(next).length;
    const name = this.#reader.text(next) === 'import' ? '' : this.#reader.dotted(next);
    if (name !== '') next += 2 * name.split('.').length - 1;
    if (this.#reader.text(next) !== 'import') return;
    const names: string[] = [];
    next += this.#reader.text(next + 1) === '(' ? 2 : 1;
    while (/^[\w*\u0080-\uffff]/.test(this.#reader.text(next))) {
      names.push(this.#reader.text(next));
      next += this.#reader.text(next + 1) === 'as' ? 3 : 1;
      if (this.#reader.text(next) === ',') next += 1;
    }
    this.#found.imports.push({ name, level, names });
  }

  /** `import a.b as c, d`; the `import` of a `from` does not start with a module name. */
  #import(at: number): void {
    const before = this.#reader.text(at - 1) === 'lazy' ? at - 2 : at - 1;
    if (/^(?:newline|indent|dedent)$/.test(this.#reader.tokens[before]?.kind ?? 'newline')) {
      this.#importList(at);
    } else if (/^[;:]$/.test(this.#reader.text(before))) this.#importList(at);
  }

  #importList(at: number): void {
    for (let next = at; next === at || this.#reader.text(next) === ','; ) {
      const name = this.#reader.dotted(next + 1);
      if (name === '') return;
      this.#found.imports.push({ name, level: 0, names: [] });
      next += 2 * name.split('.').length;
      if (this.#reader.text(next) === 'as') next += 2;
    }
  }
}
