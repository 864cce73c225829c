/** Compares numbers known by path with those of a JSON file. */
import { readFileSync } from 'node:fs';
import { metricsOf } from '../lockfile/format/locked-metrics.js';
import type { Tolerance } from './deviation.js';
import type { Comparison } from './difference.js';
import { compareJson } from './json-values.js';

/** Undefined if no number differs: something else must differ then. */
export function compareNumbers(
  expected: Readonly<Record<string, number>>,
  file: string,
  tolerance: Tolerance | undefined,
): Comparison | undefined {
  const actual = metricsOf(readFileSync(file, 'utf8'));
  if (actual === undefined) return undefined;
  const compared = compareJson(JSON.stringify(expected), JSON.stringify(actual), tolerance ?? {});
  if (compared === undefined) return undefined;
  if ('difference' in compared)
    return { verdict: 'differs', file: '', difference: compared.difference, more: 0 };
  return tolerance === undefined ? undefined : { verdict: 'tolerated', ...compared };
}
