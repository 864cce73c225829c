/** Result of `verify` for an item: data for every report. */

type VerifyVerdict =
  /** Equal byte for byte. */
  | 'same'
  /** Numbers deviate within the stage's tolerance. */
  | 'tolerated'
  | 'differs'
  /** The execution did not complete. */
  | 'failed'
  | 'cancelled';

export interface Verified {
  readonly item: string;
  readonly verdict: VerifyVerdict;
  /** What the result was compared with: `pipeline.lock`, `the record in the cache`, `its other runs`. */
  readonly against: string;
  /** Wall time of all its executions. */
  readonly seconds: number;
  /** One finding for each out, state or cause. */
  readonly findings: readonly Finding[];
  /** For a failure: the last lines of its output. */
  readonly tail: readonly string[];
  /** For a failure: the path of its log, relative to the project. */
  readonly log?: string;
}

export interface Finding {
  /** An out's path, a file in it, `epoch 3`; empty for the item as a whole. */
  readonly where: string;
  readonly text: string;
}

/** The number of results of each verdict. */
export function summaryOf(results: readonly Verified[]): Readonly<Record<VerifyVerdict, number>> {
  const summary = { same: 0, tolerated: 0, differs: 0, failed: 0, cancelled: 0 };
  for (const { verdict } of results) summary[verdict]++;
  return summary;
}
