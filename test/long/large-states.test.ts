/** States of 1 GB in `pipe run`: stored and restored, and their outs stored too. */
import { expect, test } from 'vitest';
import { HAS_PROC, peakWithStates } from '../cli/support/large-states.js';

test.runIf(HAS_PROC)('a run stores states of 1 GB with less than 200 MB of memory', async () => {
  const peak = (await peakWithStates(1e9)) / 1e6;
  console.log(`the runner held ${Math.round(peak)} MB at most`);
  expect(peak).toBeLessThan(200);
});
