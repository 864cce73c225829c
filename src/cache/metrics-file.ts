/** The metrics.json of an epoch: numbers by name, nested. What is none of this is named and left out. */
import { readFileSync } from 'node:fs';
import type { Metrics } from '../stage/context.js';
import { isAbsent, reasonOf } from './errors.js';
import { lstatIfThere } from './look.js';

/** A record is read whole, and often. */
const LIMIT = 1 << 20;

/** Undefined when there is none, or none that can be read: an epoch is worth more than its numbers. */
export function readMetrics(
  file: string,
  shown: string,
  warn: (message: string) => void,
): Metrics | undefined {
  const size = lstatIfThere(file)?.size;
  if (size === undefined) return undefined;
  if (size > LIMIT) {
    warn(`metrics.json of ${shown} is larger than 1 MB: it is not recorded`);
    return undefined;
  }
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    if (!(error instanceof SyntaxError)) throw error;
    warn(`metrics.json of ${shown} is no JSON (${reasonOf(error)}): it is not recorded`);
    return undefined;
  }
  if (!isObject(value)) {
    warn(`metrics.json of ${shown} is no object: it is not recorded`);
    return undefined;
  }
  const odd: string[] = [];
  const metrics = numbersOf(value, '', odd);
  if (odd.length > 0) {
    warn(
      `metrics.json of ${shown}: ${odd.join(', ')} ${odd.length === 1 ? 'is no number' : 'are no numbers'}: not recorded`,
    );
  }
  return metrics;
}

function numbersOf(tree: Record<string, unknown>, prefix: string, odd: string[]): Metrics {
  const kept: [string, number | Metrics][] = [];
  for (const [name, value] of Object.entries(tree)) {
    if (typeof value === 'number') kept.push([name, value]);
    else if (isObject(value)) kept.push([name, numbersOf(value, `${prefix}${name}.`, odd)]);
    else odd.push(`${prefix}${name}`);
  }
  return Object.fromEntries(kept);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
