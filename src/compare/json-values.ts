/** Compares two JSON texts value by value. */

import { ifJson } from '../json.js';
import { metricsOf } from '../lockfile/format/locked-metrics.js';
import { bytesIfThere } from '../sys/if-there.js';
import { allowanceOf, isWithin, type Tolerance } from './deviation.js';
import type { Comparison, JsonDifference } from './difference.js';

export type ValueComparison<T> =
  /** All deviations are within the tolerance; `largest` is 0 if nothing differs. */
  { readonly largest: number } | { readonly difference: T };

/** Undefined if one of the texts is not JSON. */
export function compareJson(
  expected: string,
  actual: string,
  tolerance: Tolerance,
): ValueComparison<JsonDifference> | undefined {
  const [before, now] = [ifJson(expected), ifJson(actual)];
  if (before === undefined || now === undefined) return undefined;
  const walk = new Walk(allowanceOf(tolerance));
  walk.compare('', before, now);
  const { first, count, largestBeyond, largest } = walk;
  if (first === undefined) return { largest };
  const beyond = largestBeyond > 0 ? { largest: largestBeyond } : {};
  return { difference: { kind: 'json', ...first, count, ...beyond } };
}

/** Compares numbers known by path with those of a JSON file. Undefined if none differs: something else must differ then. */
export function compareNumbers(
  expected: Readonly<Record<string, number>>,
  file: string,
  tolerance: Tolerance | undefined,
): Comparison | undefined {
  const text = bytesIfThere(file)?.toString();
  const actual = text === undefined ? undefined : metricsOf(text);
  if (actual === undefined) return undefined;
  const compared = compareJson(JSON.stringify(expected), JSON.stringify(actual), tolerance ?? {});
  if (compared === undefined) return undefined;
  if ('difference' in compared)
    return { verdict: 'differs', file: '', difference: compared.difference, more: 0 };
  return tolerance === undefined ? undefined : { verdict: 'tolerated', ...compared };
}

class Walk {
  first: Pick<JsonDifference, 'path' | 'expected' | 'actual'> | undefined;
  count = 0;
  /** The largest tolerated deviation. */
  largest = 0;
  largestBeyond = 0;
  readonly #allowance: (path: string) => number;

  constructor(allowance: (path: string) => number) {
    this.#allowance = allowance;
  }

  compare(path: string, before: unknown, now: unknown): void {
    if (typeof before === 'number' && typeof now === 'number') {
      this.#numbers(path, before, now);
    } else if (isTree(before) && isTree(now) && Array.isArray(before) === Array.isArray(now)) {
      for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
        const below = path === '' ? key : `${path}.${key}`;
        this.compare(below, member(before, key), member(now, key));
      }
    } else if (before !== now) this.#differs(path, before, now);
  }

  #numbers(path: string, before: number, now: number): void {
    if (before === now) return;
    const deviation = Math.abs(before - now);
    if (isWithin(before, now, this.#allowance(path))) {
      this.largest = Math.max(this.largest, deviation);
    } else {
      this.largestBeyond = Math.max(this.largestBeyond, deviation);
      this.#differs(path, before, now);
    }
  }

  #differs(path: string, before: unknown, now: unknown): void {
    this.count++;
    this.first ??= { path, expected: textOf(before), actual: textOf(now) };
  }
}

type Tree = Readonly<Record<string, unknown>>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null;
}

function member(tree: Tree, key: string): unknown {
  return Object.hasOwn(tree, key) ? tree[key] : undefined;
}

/** Long enough to recognise a value, short enough for a line. */
const LONGEST = 60;

function textOf(value: unknown): string | undefined {
  const text = JSON.stringify(value) as string | undefined;
  return text !== undefined && text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
