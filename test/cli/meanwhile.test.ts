/** What is recorded for an input was made of that input, whatever became of it while the item ran. */
import { it } from 'vitest';
import { checkScenes } from './support/meanwhile.js';

it(
  'an input that changes and changes back at any moment leaves no result of the other content',
  {
    timeout: 300_000,
  },
  () => checkScenes(10),
);
