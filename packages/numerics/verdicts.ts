/** What a difference amounts to: several at once, so that none of them stands out by luck alone. */
import { holm, type Interval, type Statement } from './statistics.js';

/**
 * `up` and `down`: beyond the smallest effect. `level`: within it, so without practical meaning.
 * `undecided`: these images do not tell.
 */
export type Verdict = Statement | 'undecided';

const STATEMENTS: readonly Statement[] = ['up', 'down', 'level'];

/** One-sided, so that an interval of 95 % says the same where there is one comparison alone. */
const ALPHA = 0.025;

/** The verdicts on a family of comparisons, with Holm's correction over all of them. */
export function verdictsOf(intervals: readonly Interval[]): Verdict[] {
  const likely = intervals.map(({ p }) =>
    STATEMENTS.reduce((best, one) => (p[one] < p[best] ? one : best)),
  );
  const holds = holm(
    intervals.map(({ p }, at) => p[likely[at]!]),
    ALPHA,
  );
  return likely.map((statement, at) => (holds[at] ? statement : 'undecided'));
}
