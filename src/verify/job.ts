/** Verify job: one item to verify, and one execution of it, as passed between the steps of `verify`. */
import type { RunRecord } from '../cache/records/record.js';
import type { DecisionContext } from '../decide/fingerprint.js';
import type { Expected } from './expected-result.js';
import type { FreshFolder } from './fresh-folder.js';

export interface VerifyJob {
  readonly index: number;
  readonly expected: Expected;
  readonly runs: number;
  /**
   * For an incremental item: compute this many epochs from the beginning, and compare only their
   * states.
   */
  readonly epochs: number | undefined;
  /** The workspace as it will be once everything is restored. */
  readonly context: DecisionContext;
}

/** An execution and its folder. */
export interface Run {
  readonly fresh: FreshFolder;
  readonly record: RunRecord;
}
