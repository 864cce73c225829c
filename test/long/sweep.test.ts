/** Twelve runs of the Python example with other learning rates and seeds, and what their results say. */
import { it } from 'vitest';
import { hasPython, sweep } from '../examples/support/sweep.js';

it.runIf(hasPython)('the best of twelve runs is named, compared and checked out', async () => {
  await sweep([0.05, 0.01, 0.001, 0.0001], [1, 2, 3]);
});
