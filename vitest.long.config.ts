/** The long tests: fuzz, kills at random moments, large states. `npm run test:long`. */
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.js';

export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({
    test: {
      include: ['test/long/**/*.test.ts'],
      testTimeout: 7_200_000,
      // Each of them takes the whole machine.
      fileParallelism: false,
    },
  }),
);
