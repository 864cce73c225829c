/** The long tests: fuzz, kills at random moments, large states. `npm run test:long`. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: { 'pipe/stage': fileURLToPath(new URL('./src/stage/index.ts', import.meta.url)) },
  },
  test: {
    include: ['test/long/**/*.test.ts'],
    globalSetup: ['test/rig/build.ts'],
    testTimeout: 7_200_000,
    hookTimeout: 60_000,
    // Each of them takes the whole machine.
    fileParallelism: false,
  },
});
