/** A fault at each file system call in a life of the cache, also if everything is synced. */
import { beforeAll, describe, expect, test } from 'vitest';
import { installFaults } from '../../cache/faults.js';
import { expectKilled, expectTold, type Open, strikeAll } from '../../cache/striking.js';

let open: Open;

beforeAll(async () => {
  installFaults();
  ({ openCache: open } = await import('../../../src/cache/cache.js'));
});

const HOUR = 3_600_000;

describe.each([0.1, 30])('results that took %d s', (seconds) => {
  test('killed', { timeout: HOUR }, async () => {
    const endings = await strikeAll(open, (at) => ({ kind: 'kill', at }), { every: 1, seconds });
    expectKilled(endings);
    expect(endings.length).toBeGreaterThan(300);
  });

  test.each(['ENOSPC', 'EIO', 'EMFILE', 'EROFS'])('%s', { timeout: HOUR }, async (code) => {
    const make = (at: number) => ({ kind: 'fail', at, code }) as const;
    expectTold(await strikeAll(open, make, { every: 1, seconds }), code);
  });
});
