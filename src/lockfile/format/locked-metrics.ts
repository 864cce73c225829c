/** Metrics by dot path: the numbers in a JSON value, to lock, show and compare. */
import { ifJson, parseLenient } from '../../json.js';

/**
 * Undefined if the text is not JSON. Only numbers are metrics. `lost` gets the names of omitted
 * ones: NaN, numbers beyond the range of a double, repeated names, and numbers that are nested too
 * deeply.
 */
export function metricsOf(text: string, lost?: string[]): Record<string, number> | undefined {
  const value = ifJson(text, parseLenient);
  if (value === undefined) return undefined;
  // Values that JSON lacks are read as null.
  const isStrict = lost === undefined || ifJson(text, (each) => JSON.parse(each)) !== undefined;
  return numbersIn(value, lost, !isStrict);
}

export function numbersIn(
  whole: unknown,
  lost: string[] = [],
  isNullLost = false,
): Record<string, number> {
  const numbers = new Map<string, number>();
  const collect = (value: unknown, path: string, depth: number) => {
    const name = path || 'value';
    if (typeof value === 'number' && Number.isFinite(value) && !numbers.has(name))
      numbers.set(name, Object.is(value, -0) ? 0 : value);
    else if (typeof value === 'number' || (value === null && isNullLost)) lost.push(name);
    if (typeof value !== 'object' || value === null) return;
    if (depth === DEEPEST) {
      lost.push(path);
      return;
    }
    for (const [below, each] of Object.entries(value))
      collect(each, depth === 0 ? below : `${path}.${below}`, depth + 1);
  };
  collect(whole, '', 0);
  return Object.fromEntries(numbers);
}

/** Far deeper than metrics that people write, and far less than would overflow the stack. */
const DEEPEST = 64;
