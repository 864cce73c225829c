/** Several runs of one project at once, of different profiles and caches, killed and collected meanwhile. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { contest } from './support/rivals.js';

const rival = fc.record({
  profile: fc.constantFrom('a' as const, 'b' as const),
  force: fc.boolean(),
  own: fc.boolean(),
  killedAfter: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 12 })),
});

const RUNS = Number(process.env.PIPE_TEST_CONTESTS ?? 3);

const hasFlock = spawnSync('flock', ['--version']).status === 0;

it.runIf(hasFlock)(
  'none fails for another, no two execute one item at once, and each profile has its own result',
  {
    timeout: 120_000 * RUNS,
  },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rival, { minLength: 2, maxLength: 5 }), async (rivals) => {
        const { failures, overlaps, reports } = await contest(rivals);
        expect(failures).toEqual([]);
        expect(overlaps).toEqual([]);
        expect(reports).toEqual({ a: 'AAAAA', b: 'BBBBB' });
      }),
      { numRuns: RUNS },
    );
  },
);
