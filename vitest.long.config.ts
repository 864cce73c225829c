/** The long tests: fuzz, kills at random moments, large states. `npm run test:long`. */
import { defineConfig } from 'vitest/config';
import { plugins, resolve } from './vitest.config.js';

export default defineConfig({
  resolve,
  plugins,
  test: {
    include: ['test/long/**/*.test.ts'],
    globalSetup: ['test/rig/build.ts'],
    testTimeout: 7_200_000,
    // On a busy disk, removing a folder of the experiment takes minutes.
    hookTimeout: 600_000,
    // Each file needs the whole machine.
    fileParallelism: false,
  },
});
