/**
 * Results that repeat each other, such as those of several seeds: groups, and means of their
 * metrics. Pure.
 */
import { getOrMake } from '../lists.js';

export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; undefined for a single value. */
  readonly sd?: number;
  /** How many results have the metric. */
  readonly n: number;
}

/**
 * Rows by group, in the order of their newest row, which is the first of its group. Among rows with
 * the same value only the newest counts. A row without a value does not count.
 */
export function repeats<Row>(
  newestFirst: Iterable<Row>,
  valueIn: (row: Row) => string | undefined,
  groupOf: (row: Row) => string,
): Row[][] {
  const groups = new Map<string, Map<string, Row>>();
  for (const row of newestFirst) {
    const value = valueIn(row);
    if (value === undefined) continue;
    const group = getOrMake(groups, groupOf(row), () => new Map<string, Row>());
    if (!group.has(value)) group.set(value, row);
  }
  return [...groups.values()].map((group) => [...group.values()]);
}

/** `0.250 ± 0.031`: two digits of the deviation, and no digit of the mean that it makes doubtful. */
export function spreadText(mean: number, sd: number): string {
  const [rounded, deviation] = [Number(mean.toPrecision(7)), Number(sd.toPrecision(2))];
  if (deviation === 0 || (Number.isInteger(rounded) && Number.isInteger(deviation)))
    return `${rounded} ± ${deviation}`;
  const decimals = 1 - Math.floor(Math.log10(deviation));
  if (decimals > MOST_DECIMALS) return `${rounded} ± ${deviation}`;
  const text = (value: number) => value.toFixed(Math.max(0, decimals));
  return `${text(mean)} ± ${text(deviation)}`;
}

/** Smaller numbers are written with an exponent. */
const MOST_DECIMALS = 8;

export function spreadOf(values: readonly number[]): Spread {
  const n = values.length;
  // From the first value on: equal values have exactly their value as mean, and no deviation.
  const [first = 0] = values;
  const mean = values.reduce((sum, value) => sum + (value / n - first / n), first);
  if (n < 2) return { mean, n };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / (n - 1)), n };
}
