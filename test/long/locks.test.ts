/** Locks under a long storm of kills. */
import { expect, test } from 'vitest';
import { lockStorm, randomOf } from '../process/support/lock-storm.js';
import { tempFolder } from '../process/support/script.js';

test.each([2, 3, 4])('two processes never hold a lock, seed %i, 250 kills', async (seed) => {
  const storm = await lockStorm(tempFolder(), 6, 250, randomOf(seed));
  expect(storm.violations).toEqual([]);
  expect(storm.kills).toBeGreaterThanOrEqual(250);
});
