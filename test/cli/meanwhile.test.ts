/** A result recorded for an input was made from that input, even if it changed during the execution. */
import { it } from 'vitest';
import { checkScenes } from './support/meanwhile.js';

it(
  'an input that changes and changes back at any moment leaves no result of the other content',
  {
    timeout: 300_000,
  },
  () => checkScenes(10),
);
