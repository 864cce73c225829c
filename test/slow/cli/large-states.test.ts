/** The runner streams large states; test/long/ does it with 1 GB. */
import { expect, test } from 'vitest';
import { HAS_PROC, peakWithStates } from '../../cli/support/large-states.js';

test.runIf(HAS_PROC)('a state of 64 MB costs the run no more memory than a small one', async () => {
  const [small, large] = [await peakWithStates(1e6), await peakWithStates(64e6)];
  // Allows for buffers and uncollected garbage, far less than one state.
  expect((large - small) / 1e6).toBeLessThan(30);
  expect(large / 1e6).toBeLessThan(200);
});
