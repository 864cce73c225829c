/**
 * The slow tests, `npm run test:slow`: what needs minutes, not hours. A test belongs into test/slow/ if it
 *
 * - needs a program beside Node, git and Python: a browser, tmux, a shell, Slurm, a server;
 * - builds, packs or installs pipe, or follows a guide or an example from beginning to end;
 * - trains or runs the experiment in processes of its own;
 * - kills, edits or damages at random moments or at every place.
 *
 * Each of these subjects has a short test in the default run as well. The default run makes its files in
 * memory, these on the disk; so the tests of the cache are here again.
 */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { plugins, resolve } from './vitest.config.js';

export default defineConfig({
  resolve,
  plugins,
  test: {
    include: [
      'test/slow/**/*.test.ts',
      'test/cache/*.test.ts',
      'test/cli/{links,replaced,still}.test.ts',
    ],
    globalSetup: ['test/rig/build.ts'],
    restoreMocks: true,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: availableParallelism() + 1,
  },
});
