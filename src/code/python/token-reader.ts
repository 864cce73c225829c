/** Reads tokens of a Python file by their index. Pure. */
import type { Place } from '../../error.js';
import type { Token } from './python-lexer.js';
import { literalIn } from './search-folders.js';

export type PlaceInFile = Omit<Place, 'file'>;

export class TokenReader {
  readonly tokens: readonly Token[];
  readonly #source: string;

  constructor(source: string, tokens: readonly Token[]) {
    this.#source = source;
    this.tokens = tokens;
  }

  text(at: number): string {
    return this.tokens[at]?.text ?? '';
  }

  /** The value of a string that is a whole argument or element; undefined if computed. */
  literal(at: number): string | undefined {
    return /^[,)\]]$/.test(this.text(at + 1)) ? literalIn(this.tokens[at]) : undefined;
  }

  dotted(at: number): string {
    if (this.tokens[at]?.kind !== 'name') return '';
    const more = this.text(at + 1) === '.' ? this.dotted(at + 2) : '';
    return more === '' ? this.text(at) : `${this.text(at)}.${more}`;
  }

  /** The values of all plain strings up to the end of the statement. */
  strings(at: number): string[] {
    const found: string[] = [];
    for (let next = at; this.tokens[next]?.kind !== 'newline' && next < at + 10_000; next++) {
      const value = this.literal(next);
      if (value !== undefined) found.push(value);
    }
    return found;
  }

  /** The index of each argument of a call, whose bracket is at `open`; the same for the elements of a list. */
  elements(open: number): number[] {
    const found: number[] = [];
    let depth = 0;
    for (let at = open; at < this.tokens.length; at++) {
      const text = this.tokens[at]?.kind === 'operator' ? this.text(at) : '';
      if (depth === 1 && (at === open + 1 || (this.text(at - 1) === ',' && !/^[)\]]$/.test(text))))
        found.push(at);
      if (/^[([{]$/.test(text)) depth += 1;
      else if (/^[)\]}]$/.test(text)) depth -= 1;
      if (depth === 0) return at === open + 1 ? [] : found;
    }
    return found;
  }

  restOfLine(at: number): string {
    return this.#source.slice(this.tokens[at]?.at).split('\n', 1)[0] ?? '';
  }

  place(at: number): PlaceInFile {
    const { at: start, text } = this.tokens[at] as Token;
    return placeAt(this.#source, start, text.length);
  }
}

/** The place to show for an offset in a file. */
export function placeAt(text: string, at: number, length: number): PlaceInFile {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  return {
    line: text.slice(0, at).split('\n').length,
    column: at - start + 1,
    length,
    text: text.slice(start, end < 0 ? undefined : end),
  };
}

/** Index of the first token in a token's line. */
export function lineStart(tokens: readonly Token[], at: number): number {
  let start = at;
  while (start > 0 && !/^(?:newline|indent|dedent)$/.test((tokens[start - 1] as Token).kind))
    start -= 1;
  return start;
}
