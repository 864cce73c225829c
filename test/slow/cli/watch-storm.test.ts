/** Watch mode under random edits; test/long/ makes a thousand. */
import { expect, it } from 'vitest';
import { watchStorm } from '../../cli/support/watching.js';
import { randomOf } from '../../process/support/lock-storm.js';

it('gives the result of a build from scratch after each pause, and never loops', async () => {
  const { changes, runs, pauses } = await watchStorm(25, randomOf(2));
  expect(runs).toBeLessThanOrEqual(changes + 1);
  expect(pauses).toBeGreaterThan(2);
});
