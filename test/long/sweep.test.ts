/** Twelve runs of the Python example with other learning rates and widths, and what their results say. */
import { it } from 'vitest';
import { hasPython, sweep } from '../examples/support/sweep.js';

it.runIf(hasPython)(
  'the best of twelve runs is named, compared and checked out, and gc leaves all rows',
  async () => {
    await sweep([0.1, 0.05, 0.01, 0.001], [2, 4, 8]);
  },
);
