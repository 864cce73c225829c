/** Killed and resumed, started twice: no epoch twice, no byte lost. test/long/ does it in each language, and sends each forth and back. */
import { describe, it } from 'vitest';
import { checkKills, checkTwoAtOnce } from './support/kill-checks.js';
import { TYPESCRIPT } from './support/trainings.js';

describe('a training in TypeScript', () => {
  it('loses less than an epoch by each kill, and no byte', () => checkKills(TYPESCRIPT, 12, 3, 5));

  it('computes each epoch once in two runs at once, of clones that share a cache', () =>
    checkTwoAtOnce(TYPESCRIPT));
});
