import { availableParallelism } from 'node:os';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { bundleChild } from '../../support/bundle.js';
import { digestsOfTwoEpochs } from '../../support/drawing.js';

test.skipIf(availableParallelism() < 2)(
  'threads draw the same batches as without threads, in the same order',
  async () => {
    const bundle = await bundleChild('drawing-child.ts');
    try {
      const { stdout } = await execa(process.execPath, [bundle.file]);
      const drawn = JSON.parse(stdout) as string[];
      expect(new Set(drawn).size).toBe(10);
      // When run from the sources, as here, no thread draws batches.
      expect(drawn).toEqual(await digestsOfTwoEpochs());
    } finally {
      bundle.remove();
    }
  },
);
