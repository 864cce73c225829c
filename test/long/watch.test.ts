/** Watch mode survives 1,000 random edits. */
import { expect, it } from 'vitest';
import { watchStorm } from '../cli/support/watching.js';
import { randomOf } from '../process/support/lock-storm.js';

it('gives the result of a build from scratch after each pause, and never loops', async () => {
  const seed = Date.now();
  console.log(`seed ${seed}`);
  const { changes, runs, pauses } = await watchStorm(1000, randomOf(seed));
  console.log(`${changes} changes, ${runs} runs, ${pauses} pauses`);
  expect(runs).toBeLessThanOrEqual(changes + 1);
  expect(pauses).toBeGreaterThan(100);
});
