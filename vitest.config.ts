import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    alias: { 'pipe/stage': fileURLToPath(new URL('./src/stage/index.ts', import.meta.url)) },
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/long/**', 'node_modules/**'],
    globalSetup: ['test/rig/build.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
