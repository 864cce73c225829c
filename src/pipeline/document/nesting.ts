/** Measures the nesting of a YAML text before it is parsed. */

/** The parser recurses: this depth is safe for the stack, and far above the limit of valid files. */
const MAX_PARSED = 256;

/** The lexer of the YAML parser. */
type Tokens = (text: string) => Iterable<string>;

/** The package would need minutes to parse a file of only brackets or dashes. */
export function isNestedTooDeep(text: string, tokensOf: Tokens): boolean {
  if (/^ *(?:[-?][ \t]+){256}/m.test(text)) return true;
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === OPEN_SQUARE || code === OPEN_CURLY) deepest = Math.max(deepest, ++depth);
    else if ((code === CLOSE_SQUARE || code === CLOSE_CURLY) && depth > 0) depth -= 1;
  }
  // Brackets may be inside texts: the lexer decides, but only if there are many.
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
