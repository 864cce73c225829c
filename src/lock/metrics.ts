/** The numbers in a JSON value by dot path: what is locked of metrics, shown and compared. */

/** Undefined when the text is no JSON. What is no number is no metric. */
export function metricsOf(text: string): Record<string, number> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const numbers: Record<string, number> = {};
  collect(value, '', numbers);
  return numbers;
}

function collect(value: unknown, path: string, into: Record<string, number>): void {
  if (typeof value === 'number') into[path === '' ? 'value' : path] = value;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, below] of Object.entries(value))
    collect(below, path === '' ? name : `${path}.${name}`, into);
}
