/** Metrics by dot path: the numbers in a JSON value, to lock, show and compare. */
import { ifJson, parseLenient } from '../../json.js';

/** Undefined when the text is not JSON. Only numbers are metrics. */
export function metricsOf(text: string): Record<string, number> | undefined {
  const value = ifJson(text, parseLenient);
  return value === undefined ? undefined : numbersIn(value);
}

export function numbersIn(value: unknown): Record<string, number> {
  const numbers: Record<string, number> = {};
  collect(value, '', 0, numbers);
  return numbers;
}

/** Skips numbers beyond the range of a double, which JSON lacks; of two equal paths the first counts. */
function collect(value: unknown, path: string, depth: number, into: Record<string, number>): void {
  const name = path || 'value';
  if (typeof value === 'number' && Number.isFinite(value) && !Object.hasOwn(into, name))
    into[name] = Object.is(value, -0) ? 0 : value;
  if (typeof value !== 'object' || value === null || depth === DEEPEST) return;
  for (const [name, below] of Object.entries(value))
    collect(below, depth === 0 ? name : `${path}.${name}`, depth + 1, into);
}

/** Far deeper than anybody nests by hand, and far less than a stack holds. */
const DEEPEST = 64;
