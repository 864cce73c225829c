/** What is recorded for an input was made of that input, whatever became of it while the item ran. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CHANGES, DEPS, ENDS, play, type Scene } from './support/meanwhile.js';

const scenes: fc.Arbitrary<Scene> = fc
  .record({
    dep: fc.constantFrom(...(Object.keys(DEPS) as Scene['dep'][])),
    change: fc.constantFrom(...(Object.keys(CHANGES) as Scene['change'][])),
    epochs: fc.constantFrom(0 as const, 3 as const),
    at: fc.integer({ min: 1, max: 3 }),
    end: fc.constantFrom(...ENDS),
  })
  .map((scene) => ({ ...scene, at: Math.min(scene.at, Math.max(1, scene.epochs)) }));

const RUNS = Number(process.env.PIPE_TEST_SCENES ?? 10);

it('an input that changes and changes back at any moment leaves no result of the other content', {
  timeout: 60_000 * RUNS,
}, async () => {
  await fc.assert(
    fc.asyncProperty(scenes, async (scene) => {
      expect(await play(scene)).toBe('A'.repeat(Math.max(1, scene.epochs)));
    }),
    { numRuns: RUNS },
  );
});
