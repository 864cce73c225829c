import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

/** They replace a module for all that import it, or change the current folder: each has a process of its own. */
const ALONE = [
  'test/stages/evaluate.test.ts',
  'test/stages/report.test.ts',
  'test/stages/report-browser.test.ts',
  'test/trace/digest.test.ts',
];

const resolve = {
  alias: { 'pipe/stage': fileURLToPath(new URL('./src/stage/index.ts', import.meta.url)) },
};

const test = {
  restoreMocks: true,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  exclude: [...configDefaults.exclude, 'test/long/**'],
};

export default defineConfig({
  resolve,
  test: {
    ...test,
    globalSetup: ['test/rig/build.ts'],
    // Most tests wait for processes that they started: a worker for each core, not one fewer.
    maxWorkers: availableParallelism(),
    projects: [
      {
        resolve,
        test: { ...test, name: 'alone', include: ALONE, pool: 'forks', isolate: true },
      },
      {
        resolve,
        // What the tests import is loaded once for each worker, not once for each of 130 files: a third
        // of the time. Nothing that they import holds state.
        test: {
          ...test,
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [...test.exclude, ...ALONE],
          pool: 'threads',
          isolate: false,
        },
      },
    ],
  },
});
