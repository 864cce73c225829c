/** The numbers in a JSON value by dot path: what is locked of metrics, shown and compared. */

/** Undefined when the text is no JSON. What is no number is no metric. */
export function metricsOf(text: string): Record<string, number> | undefined {
  let value: unknown;
  try {
    value = parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const numbers: Record<string, number> = {};
  collect(value, '', numbers);
  return numbers;
}

/** A text, or one of the words that Python's json writes for what JSON has no word for. */
const TEXT_OR_WORD = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = text.replace(TEXT_OR_WORD, (found) => (found.startsWith('"') ? found : 'null'));
    if (plain === text) throw error;
    return JSON.parse(plain);
  }
}

/** A number beyond the range of a double has no JSON; of two names that read alike the first counts. */
function collect(value: unknown, path: string, into: Record<string, number>): void {
  const name = path === '' ? 'value' : path;
  if (typeof value === 'number' && Number.isFinite(value) && !Object.hasOwn(into, name))
    into[name] = Object.is(value, -0) ? 0 : value;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, below] of Object.entries(value))
    collect(below, path === '' ? name : `${path}.${name}`, into);
}
