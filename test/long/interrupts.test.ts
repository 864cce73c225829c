/** SIGINT at 50 random moments of a pipeline that is hard to stop. */
import { expect, it } from 'vitest';
import { interruptRounds } from '../cli/support/interrupts.js';
import { randomOf } from '../process/support/lock-storm.js';

it('leaves no process running, and the next run gives the result of an undisturbed one', async () => {
  const seed = Date.now();
  console.log(`seed ${seed}`);
  const results = await interruptRounds(50, randomOf(seed));
  const ends = results.map(({ end }) => end);
  console.log(`${ends.filter((end) => end === 130).length} of ${ends.length} runs ended with 130`);
  for (const [round, { end, left, wrong }] of results.entries()) {
    expect([0, 130, 'before', 'after'], `seed ${seed}, round ${round + 1}`).toContain(end);
    expect({ left, wrong }, `seed ${seed}, round ${round + 1}`).toEqual({ left: [], wrong: [] });
  }
  expect(ends.filter((end) => end === 130)).toHaveLength(50);
});
