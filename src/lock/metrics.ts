/** The numbers in a JSON value by dot path: what is locked of metrics, shown and compared. */
import { parseLenient } from '../lenient-json.js';

/** Undefined when the text is no JSON. What is no number is no metric. */
export function metricsOf(text: string): Record<string, number> | undefined {
  let value: unknown;
  try {
    value = parseLenient(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const numbers: Record<string, number> = {};
  collect(value, [], numbers);
  return numbers;
}

/** A number beyond the range of a double has no JSON; of two names that read alike the first counts. */
function collect(value: unknown, path: readonly string[], into: Record<string, number>): void {
  const name = path.join('.') || 'value';
  if (typeof value === 'number' && Number.isFinite(value) && !Object.hasOwn(into, name))
    into[name] = Object.is(value, -0) ? 0 : value;
  if (typeof value !== 'object' || value === null || path.length === DEEPEST) return;
  for (const [name, below] of Object.entries(value)) collect(below, [...path, name], into);
}

/** Far more than anybody nests by hand, and far fewer than a stack holds. */
const DEEPEST = 64;
