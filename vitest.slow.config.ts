/**
 * The slow tests, `npm run test:slow`: they take minutes, not hours. A test belongs in test/slow/ if it
 *
 * - needs a program other than Node, git and Python: a browser, tmux, a shell, Slurm, a server;
 * - builds, packs or installs pipe, or follows a guide or an example from beginning to end;
 * - trains or runs the experiment in separate processes;
 * - kills, edits or damages at random moments or at every place;
 * - waits for seconds until a client or a server is given up, or starts dozens of commands.
 *
 * Each of these subjects also has a short test in the default run. The default run creates its files in
 * memory, and the slow tests on the disk, so the tests of the cache run here again.
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
