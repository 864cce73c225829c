/**
 * 100 kills at random moments in each language, with the real command; two runs at once; back and
 * forth.
 */
import { describe, it } from 'vitest';
import { checkForthAndBack, checkKills, checkTwoAtOnce } from '../cli/support/kill-checks.js';
import { TRAININGS } from '../cli/support/trainings.js';

describe.each(TRAININGS)('a training in $language', (training) => {
  it('loses less than 100 epochs by 100 kills, and no byte', () =>
    checkKills(training, 200, 100, Date.now()));

  it('computes each epoch once in concurrent runs of clones with a shared cache', () =>
    checkTwoAtOnce(training));

  it('computes 8 epochs in all for 4, 8, 2 and 8, and none for a clone or a rate changed back', () =>
    checkForthAndBack(training));
});
