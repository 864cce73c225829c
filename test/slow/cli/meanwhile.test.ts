/** A result recorded for an input was made from that input, even if it changed during the execution. */
import { it } from 'vitest';
import { checkScenes } from '../../cli/support/meanwhile.js';

it('no result of other content is recorded for an input that changes and changes back at any moment', () =>
  checkScenes(6));
