/**
 * The metrics.json of an epoch: numbers by name, nested. What is none of this is named and left out;
 * NaN and the infinities are null, so that a training that ran away is seen.
 */
import { readFileSync } from 'node:fs';
import type { Metrics } from '../../stage/context.js';
import { isAbsent, reasonOf } from '../files/errors.js';
import { lstatIfThere } from '../files/look.js';

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
    value = parse(readFileSync(file, 'utf8'));
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

/** A text, or one of the words that Python's json writes for what JSON has no word for. */
const TEXT_OR_WORD = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = text.replace(TEXT_OR_WORD, (found) => (found.startsWith('"') ? found : 'null'));
    // What is wrong with it otherwise is told of the text as it is.
    if (plain === text) throw error;
    return JSON.parse(plain);
  }
}

function numbersOf(tree: Record<string, unknown>, prefix: string, odd: string[]): Metrics {
  const kept: [string, number | null | Metrics][] = [];
  for (const [name, value] of Object.entries(tree)) {
    if (typeof value === 'number') kept.push([name, Number.isFinite(value) ? value : null]);
    else if (value === null) kept.push([name, null]);
    else if (isObject(value)) kept.push([name, numbersOf(value, `${prefix}${name}.`, odd)]);
    else odd.push(`${prefix}${name}`);
  }
  return Object.fromEntries(kept);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
