/** Tolerance of numbers, by pattern: `*` matches any characters, including dots. */
import { wildcards } from '../wildcards.js';

/** Patterns over JSON paths or tensor names → allowed absolute deviation. */
export type Tolerance = Readonly<Record<string, number>>;

/** The allowed deviation at a path: that of the most specific matching pattern, or 0 without a match. */
export function allowanceOf(tolerance: Tolerance): (path: string) => number {
  const rules = Object.entries(tolerance)
    .map(([pattern, allowed]) => ({
      matches: wildcards(pattern),
      allowed,
      weight: pattern.replaceAll('*', '').length,
    }))
    .sort((a, b) => b.weight - a.weight);
  return (path) => rules.find(({ matches }) => matches(path))?.allowed ?? 0;
}

/** NaN equals NaN. */
export function isWithin(a: number, b: number, allowed: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b)) || Math.abs(a - b) <= allowed;
}
