/** Kills at random moments cost less than an epoch each, and nothing of the result. */
import { expect, test } from 'vitest';
import { epochStorm, modelAfter } from './support/epoch-storm.js';
import { randomOf } from './support/lock-storm.js';

test('a stage that is killed again and again comes to the same as one that is not', async () => {
  const { computed, kills, model } = await epochStorm(40, 5, randomOf(11));
  expect(model).toBe(modelAfter(40));
  expect(new Set(computed).size).toBe(40);
  expect(computed.length).toBeLessThanOrEqual(40 + kills);
});
