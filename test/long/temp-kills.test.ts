/** Runs with temporary outs, killed after each of their events. */
import { it } from 'vitest';
import { checkTempKills } from '../cli/support/temp-kills.js';

it('60 killed runs lose no result and leave no temporary out', () =>
  checkTempKills(Array.from({ length: 60 }, (_, at) => 1 + (at % 12))));
