/** A small sweep of the Python example; test/long/sweep.test.ts runs twelve. */
import { it } from 'vitest';
import { hasPython, sweep } from './support/sweep.js';

it.runIf(hasPython)('the best of four runs is named, compared and checked out', async () => {
  await sweep([0.05, 0.001], [1, 2]);
});
