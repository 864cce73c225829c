/**
 * Tokenizes Python by the lexical rules of the language reference: comments, blank lines, line breaks
 * within brackets and indentation widths are dropped. Pure.
 *
 * Not `@lezer/python`, which reports valid forms as errors (a bare `yield`, `f(1.)`, a parenthesised `with`).
 */

export interface Token {
  readonly kind: 'name' | 'number' | 'string' | 'operator' | 'newline' | 'indent' | 'dedent';
  readonly text: string;
  /** Offset in the text. */
  readonly at: number;
}

interface Lexed {
  readonly tokens: readonly Token[];
  /** Those of the calls in formatted strings, each expression as a line. */
  readonly inStrings: readonly Token[];
  /** Offset of the first lexical error, such as an unclosed string. */
  readonly flaw: number | undefined;
}

/** `text`: only with `\n` as line end. */
export function lex(text: string): Lexed {
  const lexer = new Lexer(text);
  lexer.lines();
  const inStrings = lexer.expressions.flatMap(([start, end]) => {
    const expression = text.slice(start, end);
    if (!expression.includes('(')) return [];
    const inner = new Lexer(expression, 1);
    inner.lines();
    return inner.tokens.map((token) => ({ ...token, at: start + token.at }));
  });
  return { tokens: lexer.tokens, inStrings, flaw: lexer.flaw };
}

const BLANKS = /(?:[ \t\f]|\\\n)+/y;
const NAME = /[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/y;
const NUMBER = /0[xXbBoO][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?[jJ]?/y;
const STRING = /([rRbBuUfFtT]{0,2})('''|"""|'|")/y;
const OPERATOR = /\*\*=?|\/\/=?|>>=?|<<=?|\.\.\.|->|:=|<>|[-+*/%@&|^=!<>]=|[^\s]/y;
const DIGIT = /\.?\d/y;
const COMMENT = /#[^\n]*/y;

class Lexer {
  readonly tokens: Token[] = [];
  /** Start and end of each expression in a formatted string. */
  readonly expressions: (readonly [number, number])[] = [];
  flaw: number | undefined;
  readonly #text: string;
  #at = 0;
  /** Number of open brackets: line breaks within them have no meaning. */
  #depth: number;
  readonly #indents = [0];

  constructor(text: string, depth = 0) {
    this.#text = text;
    this.#depth = depth;
  }

  lines(): void {
    while (this.#at < this.#text.length) {
      const column = this.#indentation();
      if (this.#run(COMMENT) !== '' || this.#text[this.#at] === '\n') this.#at += 1;
      else if (this.#at < this.#text.length) {
        this.#indent(column);
        this.#line();
        this.#add('newline', '', this.#at);
      }
    }
    if (this.#depth > 0) this.#flawed(this.#text.length);
    this.#indent(0);
  }

  /** Width of the indentation, with tab stops at every eighth column. */
  #indentation(): number {
    let column = 0;
    for (; ; this.#at += 1) {
      const character = this.#text[this.#at];
      if (character === ' ') column += 1;
      else if (character === '\t') column += 8 - (column % 8);
      else if (character === '\f') column = 0;
      else if (character === '\\' && this.#text[this.#at + 1] === '\n') this.#at += 1;
      else return column;
    }
  }

  #indent(column: number): void {
    if (column > (this.#indents.at(-1) as number)) {
      this.#indents.push(column);
      this.#add('indent', '', this.#at);
    }
    while (column < (this.#indents.at(-1) as number)) {
      this.#indents.pop();
      this.#add('dedent', '', this.#at);
    }
    if (column !== this.#indents.at(-1)) this.#flawed(this.#at);
  }

  /** A logical line, with its line break. */
  #line(): void {
    while (this.#at < this.#text.length) {
      this.#run(BLANKS);
      this.#run(COMMENT);
      if (this.#text[this.#at] === '\n') {
        this.#at += 1;
        if (this.#depth === 0) return;
      } else if (this.#at < this.#text.length) this.#depth += this.#token();
    }
  }

  /** Reads one token; 1 when it opens a bracket, -1 when it closes one. */
  #token(): number {
    const start = this.#at;
    if (this.#string()) this.#add('string', this.#text.slice(start, this.#at), start);
    else if (this.#run(NAME) !== '') this.#add('name', this.#text.slice(start, this.#at), start);
    else if (this.#matches(DIGIT)) this.#add('number', this.#run(NUMBER), start);
    else {
      const operator = this.#run(OPERATOR);
      this.#add('operator', operator, start);
      if (/[([{]/.test(operator)) return 1;
      if (/[)\]}]/.test(operator)) {
        if (this.#depth > 0) return -1;
        this.#flawed(start);
      } else if (/[\\$?]/.test(operator)) this.#flawed(start);
    }
    return 0;
  }

  /** Skips a string; false if none begins here. */
  #string(): boolean {
    STRING.lastIndex = this.#at;
    const found = STRING.exec(this.#text);
    if (found === null) return false;
    const [opening, prefix, quote] = found as unknown as [string, string, string];
    this.#at += opening.length;
    this.#body(quote, { formatted: /[ft]/i.test(prefix), raw: /r/i.test(prefix) });
    return true;
  }

  #body(quote: string, { formatted, raw }: { formatted: boolean; raw: boolean }): void {
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] as string;
      if (this.#text.startsWith(quote, this.#at)) {
        this.#at += quote.length;
        return;
      }
      if (character === '\n' && quote.length === 1) break;
      if (character === '\\') {
        const named = formatted && !raw && this.#text.startsWith('N{', this.#at + 1);
        if (named) this.#skipTo('}');
        else this.#at += formatted && /[{}]/.test(this.#text[this.#at + 1] ?? '') ? 1 : 2;
      } else if (formatted && character === '{') {
        if (this.#text[this.#at + 1] === '{') this.#at += 2;
        else this.#replacement(quote);
      } else this.#at += 1;
    }
    this.#flawed(this.#at);
  }

  /** `{…}` of a formatted string: an expression with an optional format, which may nest more of them. */
  #replacement(quote: string): void {
    const start = this.#at;
    let depth = 0;
    this.#at += 1;
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] as string;
      if (depth === 0 && (character === '}' || character === ':')) {
        this.expressions.push([start + 1, this.#at]);
        if (character === ':') this.#format(quote);
        else this.#at += 1;
        return;
      }
      if (this.#run(COMMENT) !== '' || this.#string()) continue;
      if (/[([{]/.test(character)) depth += 1;
      else if (/[)\]}]/.test(character)) depth -= 1;
      this.#at += this.#text.startsWith('!=', this.#at) ? 2 : 1;
    }
    this.#flawed(start);
  }

  #format(quote: string): void {
    while (this.#at < this.#text.length && !this.#text.startsWith(quote, this.#at)) {
      const character = this.#text[this.#at];
      if (character === '{') this.#replacement(quote);
      else {
        this.#at += 1;
        if (character === '}') return;
      }
    }
    this.#flawed(this.#at);
  }

  #skipTo(end: string): void {
    const found = this.#text.indexOf(end, this.#at);
    this.#at = found < 0 ? this.#text.length : found + end.length;
  }

  #matches(sticky: RegExp): boolean {
    sticky.lastIndex = this.#at;
    return sticky.test(this.#text);
  }

  /** Consumes and returns the match at the current position. */
  #run(sticky: RegExp): string {
    if (!this.#matches(sticky)) return '';
    const start = this.#at;
    this.#at = sticky.lastIndex;
    return this.#text.slice(start, this.#at);
  }

  #add(kind: Token['kind'], text: string, at: number): void {
    this.tokens.push({ kind, text, at });
  }

  #flawed(at: number): void {
    this.flaw ??= at;
  }
}
