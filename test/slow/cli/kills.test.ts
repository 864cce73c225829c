/** Killed and concurrent runs repeat no epoch and lose no byte; test/long/ has each language. */
import { describe, it } from 'vitest';
import { checkKills, checkTwoAtOnce } from '../../cli/support/kill-checks.js';
import { TYPESCRIPT } from '../../cli/support/trainings.js';

describe('a training in TypeScript', () => {
  it('loses less than an epoch by each kill, and no byte of the result', () =>
    checkKills(TYPESCRIPT, 12, 3, 5));

  it('computes each epoch once in concurrent runs of clones with a shared cache', () =>
    checkTwoAtOnce(TYPESCRIPT));
});
