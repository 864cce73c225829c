/** Several runs of one project at once, of different profiles and caches, killed and collected meanwhile. */
import { spawnSync } from 'node:child_process';
import { it } from 'vitest';
import { checkContests } from './support/rivals.js';

const hasFlock = spawnSync('flock', ['--version']).status === 0;

it.runIf(hasFlock)(
  'none fails for another, no two execute one item at once, and each profile has its own result',
  { timeout: 300_000 },
  () => checkContests(4),
);
