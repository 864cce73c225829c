/** Killed and concurrent runs repeat no epoch and lose no byte; test/long/ has each language. */
import { describe, it } from 'vitest';
import { checkKills, checkTwoAtOnce } from './support/kill-checks.js';
import { TYPESCRIPT } from './support/trainings.js';

describe('a training in TypeScript', () => {
  it('loses less than an epoch by each kill, and no byte', () => checkKills(TYPESCRIPT, 12, 3, 5));

  it('computes each epoch once in two runs at once, of clones that share a cache', () =>
    checkTwoAtOnce(TYPESCRIPT));
});
