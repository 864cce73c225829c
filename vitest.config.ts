import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

/**
 * Each has a process of its own: they replace a module or calls of node:fs for all that import them,
 * change the current folder or the umask, or choose a backend, which is one for all of tfjs.
 */
const ALONE = [
  'test/cache/clock.test.ts',
  'test/cache/faults.test.ts',
  'test/cache/permissions.test.ts',
  'test/stages/*.test.ts',
  'test/stages/lib/{backend,nn,train}/*.test.ts',
  'test/stages/lib/restore.test.ts',
  'test/trace/digest.test.ts',
  'test/trace/python-parse.test.ts',
];

/** The public door is its source, not what was built of it. */
export const resolve = {
  alias: { 'pipe-run/stage': fileURLToPath(new URL('./src/stage/index.ts', import.meta.url)) },
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
