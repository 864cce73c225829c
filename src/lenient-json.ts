/**
 * JSON as other tools write it: NaN and the infinities, which JSON has no words for, are read as null,
 * and a byte order mark is passed over.
 */

/** A text, or one of the words that Python's json writes. */
const TEXT_OR_WORD = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

/** @throws SyntaxError about the text as it is */
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
