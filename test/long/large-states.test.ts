/** States of 1 GB through `pipe run`: stored, put back, and their outs stored too. */
import { expect, test } from 'vitest';
import { HAS_PROC, peakWithStates } from '../cli/support/large-states.js';

test.runIf(HAS_PROC)('states of 1 GB go through a runner of less than 200 MB', async () => {
  const peak = (await peakWithStates(1e9)) / 1e6;
  console.log(`the runner held ${Math.round(peak)} MB at most`);
  expect(peak).toBeLessThan(200);
});
