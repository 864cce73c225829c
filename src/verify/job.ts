/** One item to verify, and one execution of it: what the steps of `verify` hand to each other. */
import type { RunRecord } from '../cache/records/record.js';
import type { Surroundings } from '../decide/inputs.js';
import type { Expected } from './expected.js';
import type { FreshFolder } from './fresh-folder.js';

export interface VerifyJob {
  readonly index: number;
  readonly expected: Expected;
  readonly runs: number;
  /** Of an incremental item: so many from the beginning, and their states alone. */
  readonly epochs: number | undefined;
  /** How the workspace will look once everything is put back. */
  readonly around: Surroundings;
}

/** An execution and where it was. */
export interface Run {
  readonly fresh: FreshFolder;
  readonly record: RunRecord;
}
