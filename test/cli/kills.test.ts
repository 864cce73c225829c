/** Killed and resumed, started twice, sent forth and back: no epoch twice, no byte lost. test/long/ does it in each language. */

import { describe, it } from 'vitest';
import { checkForthAndBack, checkKills, checkTwoAtOnce } from './support/kill-checks.js';
import { TYPESCRIPT } from './support/trainings.js';

describe('a training in TypeScript', () => {
  it('loses less than an epoch by each kill, and no byte', () => checkKills(TYPESCRIPT, 12, 3, 5));

  it('computes each epoch once in two runs at once, of clones that share a cache', () =>
    checkTwoAtOnce(TYPESCRIPT));

  it('computes 8 epochs in all for 4, 8, 2 and 8, and none for a clone or a rate changed back', () =>
    checkForthAndBack(TYPESCRIPT));
});
