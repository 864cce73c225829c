/** Each write and each deletion of a run fails once. */
import { describe, expect, it } from 'vitest';
import { KINDS, strikeAll } from '../cli/support/output-faults.js';

describe.each(['ENOSPC', 'EIO', 'EACCES'])('%s', (code) => {
  it.each(KINDS)('%s', async (kind) => {
    expect(await strikeAll(kind, code, 1)).toEqual([]);
  });
});
