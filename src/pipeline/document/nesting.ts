/** How deep the values of a YAML text are nested, told before it is parsed. */

/** The parser recurses: well within the stack, and far beyond what is accepted in the end. */
const MAX_PARSED = 256;

/** The lexer of the YAML parser. */
export type Tokens = (text: string) => Iterable<string>;

/** A file that is nothing but brackets or dashes would keep the package busy for minutes. */
export function isNestedTooDeep(text: string, tokensOf: Tokens): boolean {
  if (/^ *(?:[-?][ \t]+){256}/m.test(text)) return true;
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === OPEN_SQUARE || code === OPEN_CURLY) deepest = Math.max(deepest, ++depth);
    else if ((code === CLOSE_SQUARE || code === CLOSE_CURLY) && depth > 0) depth -= 1;
  }
  // The brackets may stand in texts: only then is it worth asking the lexer.
  return deepest > MAX_PARSED && flowDepth(tokensOf(text)) > MAX_PARSED;
}

const [OPEN_SQUARE, CLOSE_SQUARE, OPEN_CURLY, CLOSE_CURLY] = [0x5b, 0x5d, 0x7b, 0x7d];

function flowDepth(tokens: Iterable<string>): number {
  let depth = 0;
  let deepest = 0;
  for (const token of tokens) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth);
    else if (token === ']' || token === '}') depth -= 1;
  }
  return deepest;
}
