/** Trees of JSON, and texts of unknown origin that may be JSON. */

/** A map, not a list. */
export function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The values of a tree by dot path, in its order: those that are no maps, and empty maps. */
export function leavesOf(value: unknown, path = ''): (readonly [path: string, leaf: unknown])[] {
  const entries = isTree(value) ? Object.entries(value) : [];
  if (entries.length === 0) return [[path, value]];
  return entries.flatMap(([name, below]) =>
    leavesOf(below, path === '' ? name : `${path}.${name}`),
  );
}

/**
 * The keys of a tree that a dot path leads through; undefined if it leads nowhere. A key may contain
 * dots: in `{ batch: { "0.1": 64 } }`, `batch.0.1` names the 64. Shorter keys take precedence.
 */
export function keysAt(tree: unknown, path: string): readonly string[] | undefined {
  if (!isTree(tree)) return undefined;
  for (let dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
    const key = path.slice(0, dot);
    if (!Object.hasOwn(tree, key)) continue;
    const below = keysAt(tree[key], path.slice(dot + 1));
    if (below !== undefined) return [key, ...below];
  }
  return Object.hasOwn(tree, path) ? [path] : undefined;
}

/** Undefined when the text is not JSON. */
export function ifJson(text: string, parse: (text: string) => unknown = JSON.parse): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A string, or one of the words that Python's json module writes. */
const TEXT_OR_WORD = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

/**
 * Reads JSON as other tools write it: NaN and the infinities as null, with a byte order mark.
 *
 * @throws SyntaxError about the original text
 */
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
