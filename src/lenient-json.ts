/** Lenient JSON, as other tools write it: reads NaN and the infinities as null, skips a byte order mark. */

/** A string, or one of the words that Python's json writes. */
const TEXT_OR_WORD = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

/** @throws SyntaxError about the original text */
export function parseLenient(written: string): unknown {
  const text = written.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = text.replace(TEXT_OR_WORD, (found) => (found.startsWith('"') ? found : 'null'));
    if (plain === text) throw error;
    return JSON.parse(plain);
  }
}
