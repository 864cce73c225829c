/**
 * Kills at random moments cost less than an epoch each, and do not affect the result; test/long/
 * kills more often.
 */
import { expect, test } from 'vitest';
import { epochStorm, modelAfter } from './support/epoch-storm.js';
import { randomOf } from './support/lock-storm.js';

test('a stage that is killed again and again gets the same result as one that is not', async () => {
  const { computed, kills, model } = await epochStorm(20, 3, randomOf(11));
  expect(model).toBe(modelAfter(20));
  expect(new Set(computed).size).toBe(20);
  expect(computed.length).toBeLessThanOrEqual(20 + kills);
});
