/** Concurrent runs of one project with different profiles and caches, some killed, with gc in between. */
import { spawnSync } from 'node:child_process';
import { it } from 'vitest';
import { checkContests } from '../../cli/support/rivals.js';

const hasFlock = spawnSync('flock', ['--version']).status === 0;

it.runIf(hasFlock)(
  'no run fails because of another, no two execute one item at once, and each profile has its own result',
  () => checkContests(4),
);
