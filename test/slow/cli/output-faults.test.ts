/** A failing write or deletion affects only its item; test/long/ fails each of them. */
import { describe, expect, it } from 'vitest';
import { KINDS, strikeAll } from '../../cli/support/output-faults.js';

/** Step between failing calls: a run makes dozens of writes to scratch. */
const EVERY = {
  stdout: 7,
  json: 9,
  stderr: 1,
  log: 5,
  lock: 5,
  scratch: 67,
  deletion: 23,
} as const;

describe.concurrent('no process is left, nothing crashes, and the next run is correct', () => {
  it.each(KINDS)('when a call fails: %s', async (kind) => {
    expect(await strikeAll(kind, kind === 'deletion' ? 'EACCES' : 'ENOSPC', EVERY[kind])).toEqual(
      [],
    );
  });
});
