/** Two concurrent runs on one chain, in the languages that kills.test.ts leaves to test/long/. */
import { spawnSync } from 'node:child_process';
import { describe, it } from 'vitest';
import { checkTwoAtOnce } from './support/kill-checks.js';
import { TRAININGS, TYPESCRIPT } from './support/trainings.js';

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.each(TRAININGS.filter((each) => each !== TYPESCRIPT))(
  'a training in $language',
  (training) => {
    it.runIf(hasPython || training.language !== 'Python')(
      'computes each epoch once in concurrent runs of clones with a shared cache',
      () => checkTwoAtOnce(training),
    );
  },
);
